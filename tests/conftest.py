"""What pytest loads first: how it runs. It loads the fixtures, and with them the application, where tests run."""

pytest_plugins = ["tests.selection"]
