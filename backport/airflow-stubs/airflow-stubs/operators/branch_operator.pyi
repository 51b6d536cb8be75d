# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.branch import BaseBranchOperator as BaseBranchOperator
from tradewind.operators.branch import BranchMixIn as BranchMixIn
from tradewind.operators.branch import SkipMixin as SkipMixin
__all__ = ['BaseBranchOperator', 'BranchMixIn', 'SkipMixin']
