"""Tasks that ask the caller for one thing and check it, and groups of tasks."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.beta.workflows.address import GetAddressResult, GetAddressTask
from livekitex_agent.beta.workflows.date_of_birth import GetDOBResult, GetDOBTask
from livekitex_agent.beta.workflows.email_address import GetEmailResult, GetEmailTask
from livekitex_agent.beta.workflows.instructions import WorkflowInstructions
from livekitex_agent.beta.workflows.name import GetNameResult, GetNameTask
from livekitex_agent.beta.workflows.phone_number import GetPhoneNumberResult, GetPhoneNumberTask
from livekitex_agent.beta.workflows.task_group import TaskCompletedEvent, TaskGroup, TaskGroupResult

__all__ = [
    "GetAddressResult",
    "GetAddressTask",
    "GetDOBResult",
    "GetDOBTask",
    "GetEmailResult",
    "GetEmailTask",
    "GetNameResult",
    "GetNameTask",
    "GetPhoneNumberResult",
    "GetPhoneNumberTask",
    "TaskCompletedEvent",
    "TaskGroup",
    "TaskGroupResult",
    "WorkflowInstructions",
]

_ROOMS = "it needs a room, whose events come in a later version"
__getattr__ = absent_names(
    __name__,
    {
        **dict.fromkeys(
            ("GetDtmfResult", "GetDtmfTask", "TwilioConnectorWarmTransferTask", "WarmTransferResult", "WarmTransferTask"), _ROOMS
        ),
        **dict.fromkeys(("GetCreditCardResult", "GetCreditCardTask"), "write an AgentTask that takes the card's parts with tools"),
    },
)
