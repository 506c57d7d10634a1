"""All commands, put together."""

import sys
from collections.abc import Sequence

import typer

from som.cli import (
    catalog,
    change,
    decision,
    fallout,
    flow,
    fulfiller,
    interventions,
    inventory,
    notification,
    order,
    output,
    plan,
    policy,
    pool,
    propagation,
    recipe,
    recipe_messages,
    recipe_migration,
    recipe_versions,
    recipe_writing,
    release,
    repair,
    resolution,
    resource_specifications,
    resources,
    rules,
    secret,
    sink,
    subscription,
    work,
)
from som.cli.apply import apply
from som.cli.demo import demo
from som.cli.exits import CommandError, Exit
from som.cli.explain import explain
from som.cli.load import load
from som.cli.server import serve, show_version, stop

app = typer.Typer(
    name="som",
    help="An open service order manager: TMF641 orders in, fulfilled services in the TMF638 inventory out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(serve)
app.command()(demo)
app.command()(stop)
app.command()(load)
app.command()(apply)
app.add_typer(order.app, name="order")
app.add_typer(plan.app, name="plan")
app.add_typer(plan.task_app, name="task")
inventory.app.command("reconcile")(repair.reconcile)
app.add_typer(inventory.app, name="service")
app.add_typer(propagation.app, name="propagation")
app.add_typer(repair.app, name="repair")
app.add_typer(change.app, name="change")
app.add_typer(sink.app, name="sink")
app.add_typer(resources.app, name="resource")
app.add_typer(resource_specifications.app, name="resource-specification")
app.add_typer(fulfiller.app, name="fulfiller")
app.add_typer(subscription.app, name="subscription")
app.add_typer(notification.listener_app, name="listener")
app.add_typer(notification.delivery_app, name="delivery")
app.add_typer(notification.event_app, name="event")
for done in (*interventions.COMMANDS, *resolution.COMMANDS):
    fallout.app.command()(done)
fallout.app.add_typer(rules.app, name="rules")
app.add_typer(fallout.app, name="fallout")
app.add_typer(work.app, name="work")
app.add_typer(flow.app, name="flow")
app.add_typer(pool.app, name="pool")
for named, command in (
    *recipe_versions.COMMANDS,
    *recipe_writing.COMMANDS,
    *recipe_messages.COMMANDS,
    *recipe_migration.COMMANDS,
):
    recipe.app.command(named)(command)
app.add_typer(recipe.app, name="recipe")
app.add_typer(secret.app, name="secret")
app.add_typer(policy.app, name="policy")
app.add_typer(release.app, name="release")
app.add_typer(catalog.app, name="catalog")
app.add_typer(decision.app, name="decision")
app.command()(explain)
app.command("check")(pool.check_pools)
app.command("version")(show_version)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code, as `som.cli.exits` explains it.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="som")
    except CommandError as trouble:
        output.error(str(trouble))
        return int(trouble.exit)
    except SystemExit as end:  # typer's own: usage errors, help, Ctrl-C
        return end.code if isinstance(end.code, int) else int(Exit.USAGE)
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return int(Exit.OK)
    return int(Exit.OK)
