"""Networks in ONNX's format, run by onnxruntime."""

from typing import Any, Final

from actors.providers.offline.libraries import load_library

_ERROR: Final = 3


def load_network(model: str | bytes) -> Any:  # noqa: ANN401 - onnxruntime is published without types
    """A session of onnxruntime for ``model``, a path or the model itself, without threads.

    It takes the buffers of a run from the allocator and frees them. By default onnxruntime keeps them for the next run, as many as the
    longest had; and a process that was forked would write to those of its parent, which makes a copy of each page for it.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    onnxruntime = load_library("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = _ERROR
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
