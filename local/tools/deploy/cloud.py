"""ministack as the deploy check needs it: five differences to AWS made up for, and a clock that ticks every second.

Its address comes from the environment (BIND_HOST, GATEWAY_PORT), as for ministack itself. It says on standard output
which one-time schedule it fired, and ends with its parent process: when its standard input does.
"""

import os
import signal
import sys
import threading
import time

from ministack.core.responses import new_uuid
from ministack.services import apigateway, eventbridge, scheduler
from ministack.services.cloudformation import provisioners

from nested_stacks import know_numbers_that_were_parameters, know_sam_in_nested_stacks

TICK_SECONDS = 1

# CloudFormation here refuses a whole stack for one type that it does not know. These have nothing that could be
# tried on one machine: networks, the proxy of a database that is there already, and who may do what.
NOTHING_TO_TRY = [
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::Events::EventBusPolicy",
    "AWS::Logs::QueryDefinition",
    "AWS::RDS::DBProxy",
    "AWS::RDS::DBProxyTargetGroup",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
]


def tick_every_second():
    scheduler._SCHEDULE_TICK_INTERVAL = TICK_SECONDS
    eventbridge._SCHEDULER_TICK_INTERVAL = TICK_SECONDS


def print_what_fires():
    invoke = eventbridge._invoke_target

    def invoke_and_print(target, event, rule, *more):
        if str(rule.get("ScheduleExpression", "")).startswith("at("):
            print("fired", int(time.time() * 1000), rule.get("Name"), target.get("Arn"), flush=True)
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoke_and_print


def end_with_parent():
    """Ends the whole process group: after a kill nothing else stops this process or the functions that it runs."""
    sys.stdin.buffer.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


def placeholder(resource_type):
    def create(logical_id, props, stack_name):
        print(f"placeholder: {resource_type} {logical_id}", flush=True)
        return f"{stack_name}-{logical_id}", {}

    def update(physical_id, old_props, new_props, stack_name, logical_id=None):
        return physical_id, {}

    def delete(physical_id, props):
        return None

    return {"create": create, "update": update, "delete": delete}


def know_placeholders():
    for resource_type in NOTHING_TO_TRY:
        provisioners._RESOURCE_HANDLERS.setdefault(resource_type, placeholder(resource_type))


def know_alarms_that_reckon():
    """Alarms on an expression of metrics, which ministack does not support."""
    alarm = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    known, instead = dict(alarm), placeholder("AWS::CloudWatch::Alarm")

    def create(logical_id, props, stack_name):
        handlers = instead if props.get("Metrics") else known
        return handlers["create"](logical_id, props, stack_name)

    def update(physical_id, old_props, new_props, *more, **named):
        handlers = instead if new_props.get("Metrics") else known
        return handlers["update"](physical_id, old_props, new_props, *more, **named)

    def delete(physical_id, props):
        handlers = instead if props.get("Metrics") else known
        return handlers["delete"](physical_id, props)

    alarm.update(create=create, update=update, delete=delete)


def route_key(path, method):
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}"


def lambda_of(uri):
    """The function's ARN out of arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations."""
    return uri.split("/functions/", 1)[-1].removesuffix("/invocations")


def make_routes(api_id, body):
    """What API Gateway does with an OpenAPI body, which ministack ignores: an integration and a route per operation."""
    apigateway._routes[api_id] = {}
    apigateway._integrations[api_id] = {}
    targets = {}
    for path, operations in (body.get("paths") or {}).items():
        for method, operation in operations.items():
            integration = operation.get("x-amazon-apigateway-integration")
            if integration is None:
                raise ValueError(f"{method} {path} has no integration")
            function = lambda_of(integration["uri"])
            if function not in targets:
                integration_id, _ = provisioners._apigw_v2_integration_create(
                    "Integration",
                    {
                        "ApiId": api_id,
                        "IntegrationUri": function,
                        "PayloadFormatVersion": integration.get("payloadFormatVersion", "1.0"),
                    },
                    "",
                )
                targets[function] = f"integrations/{integration_id}"
            route = {"ApiId": api_id, "RouteKey": route_key(path, method), "Target": targets[function]}
            provisioners._apigw_v2_route_create(f"Route{new_uuid()[:8]}", route, "")
    cors = body.get("x-amazon-apigateway-cors")
    if cors:
        # SAM replaces the whole configuration by an intrinsic function at AllowOrigins.
        if not isinstance(cors, dict):
            raise ValueError(f"x-amazon-apigateway-cors is no object but {cors}")
        apigateway._apis[api_id]["corsConfiguration"] = cors


def read_bodies():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handlers["create"], handlers["update"]

    def create_with_body(logical_id, props, stack_name):
        api_id, attributes = create(logical_id, props, stack_name)
        if props.get("Body"):
            make_routes(api_id, props["Body"])
        return api_id, attributes

    def update_with_body(physical_id, old_props, new_props, stack_name, logical_id=None):
        api_id, attributes = update(physical_id, old_props, new_props, stack_name, logical_id)
        if new_props.get("Body"):
            make_routes(api_id, new_props["Body"])
        return api_id, attributes

    handlers["create"], handlers["update"] = create_with_body, update_with_body


def main():
    # The group that is ended is this process's own.
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    threading.Thread(target=end_with_parent, daemon=True).start()
    tick_every_second()
    print_what_fires()
    know_placeholders()
    know_alarms_that_reckon()
    know_sam_in_nested_stacks()
    know_numbers_that_were_parameters()
    read_bodies()
    from ministack.app import main as serve

    sys.argv = ["ministack"]
    return serve()


if __name__ == "__main__":
    sys.exit(main())
