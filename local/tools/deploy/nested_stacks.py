"""Nested stacks as CloudFormation deploys them: ministack expands SAM resources in the root only, and takes a number that was
a parameter for a text.
"""

import contextvars
import copy

from ministack.services.cloudformation import engine, provisioners
from samtranslator.translator.transform import transform

# The parameters that the stack being deployed was given: SAM decides by some of them what it generates.
GIVEN = contextvars.ContextVar("the parameters of a nested stack", default=None)


def know_sam_in_nested_stacks():
    parse = engine._parse_template
    deploy = provisioners._cfn_nested_stack_deploy

    def parse_and_expand(body):
        template = parse(body)
        given = GIVEN.get()
        if given is None or engine._SAM_TRANSFORM not in engine.declared_transforms(template):
            return template
        return transform(copy.deepcopy(template), given, engine._NO_IAM_POLICY_LOADER)

    def deploy_expanded(logical_id, props, *more, **named):
        given = {name: str(value) for name, value in (props.get("Parameters") or {}).items()}
        token = GIVEN.set(given)
        try:
            return deploy(logical_id, props, *more, **named)
        finally:
            GIVEN.reset(token)

    engine._parse_template = parse_and_expand
    provisioners._cfn_nested_stack_deploy = deploy_expanded


def know_numbers_that_were_parameters():
    """A parameter is a text. AWS reads a number in it, and ministack's reader of queues compares it with one."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, update = handlers["create"], handlers["update"]

    def with_number(props):
        scaling = props.get("ScalingConfig") or {}
        if "MaximumConcurrency" not in scaling:
            return props
        return {**props, "ScalingConfig": {**scaling, "MaximumConcurrency": int(scaling["MaximumConcurrency"])}}

    def create_with_number(logical_id, props, *more, **named):
        return create(logical_id, with_number(props), *more, **named)

    def update_with_number(physical_id, old_props, new_props, *more, **named):
        return update(physical_id, old_props, with_number(new_props), *more, **named)

    handlers["create"], handlers["update"] = create_with_number, update_with_number
