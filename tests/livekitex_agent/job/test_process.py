"""The process of a program's jobs, as its setup and its entrypoint see it."""

import os

from livekitex_agent.job import JobExecutorType, JobProcess
from support import fresh


def test_it_is_a_process_of_its_own_with_nothing_in_it() -> None:
    process = JobProcess()
    assert process.executor_type is JobExecutorType.PROCESS
    assert (process.userdata, process.user_arguments, process.http_proxy) == ({}, None, None)
    assert process.pid == os.getpid()


def test_what_it_was_made_with_is_there() -> None:
    process = JobProcess(executor_type=JobExecutorType.THREAD, user_arguments={"a": 1}, http_proxy="http://proxy:1")
    assert (process.executor_type, process.user_arguments, process.http_proxy) == (JobExecutorType.THREAD, {"a": 1}, "http://proxy:1")


def test_what_setup_keeps_is_found_again_and_is_each_processs_own() -> None:
    process = JobProcess()
    process.userdata["model"] = kept = object()
    assert process.userdata["model"] is kept
    assert JobProcess().userdata == {}


def test_a_fork_has_what_setup_kept_and_a_pid_of_its_own_and_what_it_changes_no_other_sees() -> None:
    run = fresh.python(
        """
        import os
        from livekitex_agent.job import JobProcess

        process = JobProcess()
        process.userdata["made by"] = parent = process.pid
        if (child := os.fork()) == 0:
            assert process.userdata == {"made by": parent}
            process.userdata["changed"] = True
            os._exit(0 if process.pid == os.getpid() != parent else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert process.userdata == {"made by": os.getpid()}
        print("done")
        """
    )
    assert run.stdout == "done\n"
