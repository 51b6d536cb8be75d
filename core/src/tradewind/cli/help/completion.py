"""Print what makes the shell complete commands, DAG ids and other names with the Tab key."""

from __future__ import annotations

import argparse

from argcomplete.shell_integration import shellcode

SHELLS = ("bash", "zsh", "fish")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("shell", choices=SHELLS, help="one of bash, zsh, fish")
    parser.epilog = (
        'bash: add  eval "$(tradewind completion bash)"  to ~/.bashrc. zsh: the same in ~/.zshrc, after compinit. '
        "fish: tradewind completion fish > ~/.config/fish/completions/tradewind.fish"
    )
    parser.set_defaults(run=completion)


def completion(options: argparse.Namespace) -> None:
    """Print the code that the shell is to run at its start."""
    shell = "bash" if options.shell == "zsh" else options.shell  # the same code serves both
    print(shellcode(["tradewind"], shell=shell))
