"""Running tries: the supervisor, its warm parents and the processes of tasks; logs; runs inside one process.

Modules that the processes of tasks import (`messages`, `channel`, `zygote`, `nest`, `warm_parent`, `child` and what
they
import) stay free of SQLAlchemy: a task's process holds no metadata connection, and its memory is small.
"""
