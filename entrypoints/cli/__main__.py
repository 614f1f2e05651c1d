"""So that `python -m entrypoints.cli` is `varsel`."""

from entrypoints.cli.app import main

if __name__ == "__main__":
    main()
