"""An operator that calls a Python function."""
from tradewind_plugins.decorated import DecoratedOperator


class PythonOperator(DecoratedOperator):
    """Calls a function; its result is the task's XCom. Parameters named after context variables get them."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    ui_color = "#ffefeb"

    def __init__(
        self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, provide_context=True, **kwargs
    ):
        super().__init__(python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)
        self.templates_dict = templates_dict

    def execute(self, context):
        """Call the function and return its result."""
        return self.call(dict(context, templates_dict=self.templates_dict))
