"""`python -m bot` and the `ebbwatch` script."""

from bot.cli.cli import main

if __name__ == "__main__":
    main()
