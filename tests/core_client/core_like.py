#!/usr/bin/python3
"""A control plane in Python, as AIR has to expect one: it starts AIR through a symlink named retrovue_air with nothing but a
port, polls GetVersion, listens on a UNIX socket and accepts once, attaches, starts a session with two blocks (the first one
trimmed: the viewer joins in its middle), subscribes once, feeds a block whenever one begins, takes evidence on a server that
is restarted in the middle, stops, sends SIGTERM, and expects AIR to be gone within five seconds. Its reader pauses for 300 ms
again and again.

    core_like.py BUILD_DIR [--blocks N]

Exit status: 0 all as it should be; 1 something was not, and is said; 77 gRPC for Python is not installed.
"""
import argparse
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures

try:
    import grpc
except ImportError:
    print("python3-grpcio is not installed (packages.txt)")
    sys.exit(77)

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CHANNEL = 5
RATE = (30000, 1001)
FORMAT = {
    "video": {"width": 320, "height": 180, "frame_rate": "%d/%d" % RATE, "aspect_policy": "preserve"},
    "audio": {"sample_rate": 48000, "channels": 2},
}
SEGMENT_MS = [900, 1100]  # of every block
BLOCK_MS = sum(SEGMENT_MS)
TRIMMED_MS = 500  # of the first block, gone before the viewer came

failures = []


def check(condition, what):
    print("%-6s %s" % ("ok" if condition else "FAILED", what), flush=True)
    if not condition:
        failures.append(what)
    return condition


def make_stubs(folder):
    subprocess.run(
        ["protoc", "-I", str(SOURCE), "--python_out=" + folder, "--grpc_python_out=" + folder,
         "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
         "protos/playout.proto", "protos/execution_evidence_v1.proto"],
        cwd=SOURCE, check=True)
    sys.path.insert(0, folder)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Viewer(threading.Thread):
    """The read end of the stream: one connection, accepted once; it sleeps for 300 ms every second."""

    def __init__(self, path, capture):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(1)
        self.capture = capture
        self.bytes = 0
        self.ended = threading.Event()

    def run(self):
        connection, _ = self.listener.accept()
        pause_at = time.monotonic() + 1
        with open(self.capture, "wb") as out:
            while data := connection.recv(65536):
                out.write(data)
                self.bytes += len(data)
                if time.monotonic() > pause_at:
                    time.sleep(0.3)
                    pause_at = time.monotonic() + 1
        self.ended.set()


class EvidenceServer:
    """Stores by event_uuid, acknowledges each message; Hello is answered with 0, as by one that knows nothing."""

    def __init__(self, pb, pb_grpc):
        self.pb = pb
        self.stored = {}
        self.hellos = 0
        self.changed = threading.Condition()
        self.port = free_port()
        servicer = type("Servicer", (pb_grpc.ExecutionEvidenceServiceServicer,),
                        {"EvidenceStream": lambda _, requests, context: self.stream(requests)})
        self.register = lambda server: pb_grpc.add_ExecutionEvidenceServiceServicer_to_server(servicer(), server)
        self.start()

    def start(self):
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.so_reuseport", 0)])
        self.register(self.server)
        assert self.server.add_insecure_port("127.0.0.1:%d" % self.port) == self.port
        self.server.start()

    def stop(self):
        self.server.stop(0).wait()

    def stream(self, requests):
        for message in requests:
            with self.changed:
                if message.HasField("hello"):
                    self.hellos += 1
                else:
                    self.stored.setdefault(message.event_uuid, message)
                self.changed.notify_all()
            yield self.pb.EvidenceAckFromCore(channel_id=message.channel_id,
                                              playout_session_id=message.playout_session_id,
                                              acked_sequence=message.sequence)

    def wait_for(self, condition, limit):
        with self.changed:
            return self.changed.wait_for(lambda: any(condition(m) for m in self.stored.values()), limit)


class Core:
    def __init__(self, build, folder, blocks):
        self.build, self.folder, self.blocks = build, folder, blocks
        from protos import execution_evidence_v1_pb2 as evidence_pb
        from protos import execution_evidence_v1_pb2_grpc as evidence_grpc
        from protos import playout_pb2 as pb
        from protos import playout_pb2_grpc as pb_grpc
        self.pb, self.pb_grpc = pb, pb_grpc
        self.evidence = EvidenceServer(evidence_pb, evidence_grpc)
        self.events = queue.Queue()
        self.port = free_port()

    def start_air(self):
        link = os.path.join(self.folder, "retrovue_air")
        os.symlink(os.path.join(self.build, "bin", "air-supervisor"), link)
        self.log = open(os.path.join(self.folder, "air.log"), "w")
        environment = dict(os.environ, XDG_RUNTIME_DIR=self.folder)
        self.air = subprocess.Popen([link, "--port", str(self.port)], stdout=self.log, stderr=self.log, env=environment)
        channel = grpc.insecure_channel("127.0.0.1:%d" % self.port)
        self.stub = self.pb_grpc.PlayoutControlStub(channel)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                return self.stub.GetVersion(self.pb.ApiVersionRequest(), timeout=1).version
            except grpc.RpcError:
                time.sleep(0.1)
        return None

    def block(self, number, start_ms, trimmed_ms=0):
        """Block `number` of the schedule; of a trimmed one the segments are cut and numbered anew."""
        block = self.pb.BlockPlan(block_id="block-%d" % number, channel_id=CHANNEL,
                                  start_utc_ms=start_ms + trimmed_ms, end_utc_ms=start_ms + BLOCK_MS,
                                  broadcast_date="2026-02-02")
        for i, length in enumerate(SEGMENT_MS):
            cut = min(trimmed_ms, length)
            trimmed_ms -= cut
            if cut == length:
                continue
            block.segments.add(segment_index=len(block.segments),
                               asset_uri="pattern:clip=%d" % (1 + (2 * number + i) % 60),
                               asset_start_offset_ms=cut, segment_duration_ms=length - cut,
                               segment_type=self.pb.SEGMENT_TYPE_CONTENT, event_id="event-%d-%d" % (number, i),
                               segment_uuid="00000000-0000-4000-8000-%012d" % (10 * number + i))
        return block

    def listen(self):
        try:
            for event in self.stub.SubscribeBlockEvents(self.pb.SubscribeBlockEventsRequest(channel_id=CHANNEL)):
                self.events.put(event)
        except grpc.RpcError as error:
            self.events.put(error)
        self.events.put(None)

    def run(self):
        pb = self.pb
        check(self.start_air() == "1.0.0", "GetVersion says 1.0.0 within 10 s")
        socket_path = os.path.join(self.folder, "ts.sock")
        viewer = Viewer(socket_path, os.path.join(self.folder, "capture.ts"))
        viewer.start()
        attached = self.stub.AttachStream(pb.AttachStreamRequest(
            channel_id=CHANNEL, transport=pb.STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET, endpoint=socket_path,
            replace_existing=True), timeout=5)
        check(attached.success, "AttachStream: " + (attached.error_message or "connected"))

        now = int(time.time() * 1000)
        first_ms = now - TRIMMED_MS
        started = self.stub.StartBlockPlanSession(pb.StartBlockPlanSessionRequest(
            channel_id=CHANNEL, block_a=self.block(0, first_ms, TRIMMED_MS), block_b=self.block(1, first_ms + BLOCK_MS),
            join_utc_ms=now, program_format_json=json.dumps(FORMAT), max_queue_depth=3,
            evidence_endpoint="127.0.0.1:%d" % self.evidence.port, channel_id_str="retro-5"), timeout=10)
        check(started.success, "StartBlockPlanSession: " + (started.error_message or "on the air"))
        threading.Thread(target=self.listen, daemon=True).start()

        life, fed = self.feed(first_ms)
        expected = []
        for n in range(self.blocks):
            expected += ["started block-%d" % n, "completed block-%d" % n]
        check(life == expected, "events: each block starts and is completed, in order (%d)" % len(life))
        check(fed == self.blocks - 2, "%d blocks were fed on events" % fed)

        last_fence = lambda m: m.block_fence.block_id == "block-%d" % (self.blocks - 1)
        check(self.evidence.wait_for(last_fence, 10), "the last block's fence came as evidence")
        stopped = self.stub.StopBlockPlanSession(pb.StopBlockPlanSessionRequest(channel_id=CHANNEL, reason="last viewer left"),
                                                 timeout=5)
        check(stopped.success and stopped.blocks_executed == self.blocks, "StopBlockPlanSession: %d blocks" % stopped.blocks_executed)
        ended = self.next_event("session_ended")
        check(ended is not None and ended.session_ended.reason == "stopped", "SessionEnded: stopped")
        self.terminate()
        check(viewer.ended.wait(5), "the stream has ended")
        self.judge_evidence(first_ms)
        self.judge_as_run()
        self.judge_stream(viewer)

    def next_event(self, kind):
        while True:
            try:
                event = self.events.get(timeout=15)
            except queue.Empty:
                return None
            if event is None or isinstance(event, grpc.RpcError):
                return None
            if event.WhichOneof("event") == kind:
                return event

    def feed(self, first_ms):
        """Feeds a block whenever one has begun; restarts the evidence server in the middle."""
        life, fed, next_block = [], 0, 2
        while len(life) < 2 * self.blocks:
            try:
                event = self.events.get(timeout=20)
            except queue.Empty:
                break
            if event is None or isinstance(event, grpc.RpcError):
                break
            kind = event.WhichOneof("event")
            if kind not in ("block_started", "block_completed"):
                continue  # news this client does not know
            if kind == "block_completed":
                life.append("completed " + event.block_completed.block_id)
                if len(life) == self.blocks // 2 * 2:
                    self.evidence.stop()
                    threading.Timer(1.5, self.evidence.start).start()
                continue
            life.append("started " + event.block_started.block_id)
            if next_block < self.blocks:
                response = self.stub.FeedBlockPlan(self.pb.FeedBlockPlanRequest(
                    channel_id=CHANNEL, block=self.block(next_block, first_ms + next_block * BLOCK_MS)), timeout=5)
                fed += check(response.success, "FeedBlockPlan block-%d %s" % (next_block, response.error_message))
                next_block += 1
        return life, fed

    def terminate(self):
        began = time.monotonic()
        self.air.send_signal(signal.SIGTERM)
        try:
            code = self.air.wait(5)
        except subprocess.TimeoutExpired:
            self.air.kill()
            code = "SIGKILL after 5 s"
        check(code == 0, "SIGTERM: exit status %s after %.2f s" % (code, time.monotonic() - began))
        left = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.folder.encode() in (entry / "cmdline").read_bytes():
                    left.append(entry.name)
            except OSError:
                pass
        check(not left, "no process is left %s" % left)
        memory = [n for n in os.listdir("/dev/shm") if n.startswith("air.%d-" % self.air.pid)]
        check(not memory, "no shared memory is left %s" % memory)

    def judge_evidence(self, first_ms):
        messages = sorted(self.evidence.stored.values(), key=lambda m: m.sequence)
        check([m.sequence for m in messages] == list(range(1, len(messages) + 1)),
              "evidence: %d messages, no number missing" % len(messages))
        check(self.evidence.hellos >= 2, "evidence: greeted again after the restart (%d times)" % self.evidence.hellos)
        check({m.channel_id for m in messages} == {"retro-5"}, "evidence: of channel retro-5")
        check(len({m.playout_session_id for m in messages}) == 1, "evidence: of one session")
        kinds = [m.WhichOneof("payload") for m in messages]
        expected = []
        for n in range(self.blocks):
            expected += ["block_start"] + ["segment_start", "segment_end"] * 2 + ["block_fence"]
        check(kinds == expected + ["channel_terminated"], "evidence: its order")
        # The first block begins with the process: on a busy machine its pictures may take their time, and evidence says so.
        # Everything behind it is on its tick and whole.
        ends = [m.segment_end for m in messages if m.HasField("segment_end")]
        check(all(e.status == "AIRED" and e.fallback_frames_used == 0 for e in ends[2:]),
              "evidence: every segment behind the first block AIRED, no pad")
        ticks = lambda ms: -(-ms * RATE[0] // (1000 * RATE[1]))
        wrong = []
        frames = {e.segment_uuid: e.computed_duration_frames for e in ends[2:]}
        for n in range(1, self.blocks):
            for i, length in enumerate(SEGMENT_MS):
                begin = n * BLOCK_MS + sum(SEGMENT_MS[:i]) - TRIMMED_MS
                end = begin + length
                uuid = "00000000-0000-4000-8000-%012d" % (10 * n + i)
                if uuid in frames and frames[uuid] != ticks(end) - ticks(begin):
                    wrong.append((uuid, frames[uuid], ticks(end) - ticks(begin)))
        check(len(frames) == 2 * self.blocks - 2 and not wrong, "evidence: frames as the arithmetic says %s" % wrong)

    def judge_as_run(self):
        runtime_dir = os.path.join(self.folder, "air-%d-%d" % (os.getuid(), self.port))
        ctl = os.path.join(self.build, "bin", "air-ctl")
        table = subprocess.run([ctl, "as-run", "--runtime-dir", runtime_dir], capture_output=True, text=True)
        print(table.stdout)
        as_run = json.loads(subprocess.run([ctl, "as-run", "--json", "--runtime-dir", runtime_dir],
                                           capture_output=True, text=True).stdout or "{}")
        lines = [line for line in as_run.get("lines", []) if line["what"] == "segment"]
        check(len(lines) == 2 * self.blocks, "as-run: %d segments" % len(lines))
        check(as_run.get("messages") == as_run.get("acknowledged"), "as-run: everything is acknowledged")

    def judge_stream(self, viewer):
        check(viewer.bytes > 100_000, "%d bytes of stream" % viewer.bytes)
        # The end may be cut in the middle of a picture: whole packets up to the last picture's beginning count.
        judged = subprocess.run([os.path.join(self.build, "bin", "air-ts-check"), "--rate", "%d/%d" % RATE, viewer.capture],
                                capture_output=True, text=True)
        if not check(judged.returncode == 0, "the stream is clean, as its packets say"):
            print(judged.stdout[-3000:], judged.stderr[-1000:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--blocks", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="air-core-") as folder:
        make_stubs(folder)
        core = Core(os.path.abspath(arguments.build), folder, arguments.blocks)
        try:
            core.run()
        finally:
            if core.air.poll() is None:
                core.air.kill()
            if failures:
                sys.stdout.write(open(os.path.join(folder, "air.log")).read())
    for failure in failures:
        print("FAILED: " + failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
