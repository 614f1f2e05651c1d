"""So that `python -m entrypoints.cli` is `varsel`."""

from entrypoints.cli import main

if __name__ == "__main__":
    main()
