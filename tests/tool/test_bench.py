# SPDX-License-Identifier: BSL-1.0
"""`bight bench` against servers of this file's, whose delays and errors are known, and against `bight serve`."""

import json
import signal
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, BightTest, descriptor_limit  # noqa: E402


def is_closed(connection):
    return connection.fileno() < 0


class StreamServer:
    """Answers each piece of what comes by `answer`, which may wait; nothing ends the connection."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp:127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.taken.append(connection)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    answer = self.answer(data)
                    if not answer:
                        return
                    connection.sendall(answer)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Bench(BightTest):
    def measure(self, *arguments, code=0):
        ended, output, errors = self.run_bight("bench", *arguments, "--json")
        self.assertEqual(ended, code, errors)
        result = json.loads(output)
        self.assertEqual(result["schema"], "bight.bench/1")
        latency = [result["latency_us"][name] for name in ("min", "p50", "p90", "p99", "p99.9", "p99.99", "max")]
        self.assertEqual(latency, sorted(latency))
        return result, errors

    def test_every_kind_of_socket(self):
        for listen in ("tcp:0", "tcp:[::1]:0", "udp:0", f"unix:{self.folder}/s", f"unixgram:{self.folder}/d"):
            for engine in ("epoll", "auto"):
                with self.subTest(listen=listen, engine=engine):
                    server = self.serve("echo", "--listen", listen, "--style", "selectors")
                    result, errors = self.measure(server.endpoint, "-c", "3", "-t", "200ms", "--engine", engine)
                    self.assertEqual((result["connections"], result["size"], result["depth"]), (3, 64, 1))
                    self.assertEqual((result["errors"], result["lost"], errors), (0, 0, ""))
                    self.assertGreater(result["requests"], 3)
                    self.assertGreater(result["seconds"], 0.19)
                    self.assertLess(result["seconds"], 5)
                    self.assertAlmostEqual(result["requests_per_second"], result["requests"] / result["seconds"],
                                           delta=result["requests_per_second"] / 100)
                    self.assertEqual(server.stop(), 0)

    def test_sizes_and_depths(self):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "selectors")
        for size, depth in (("1", "1"), ("1", "100"), ("1000", "7"), ("1M", "1"), ("1M", "3")):
            with self.subTest(size=size, depth=depth):
                seconds = "2s" if size == "1M" else "300ms"
                result, _ = self.measure(server.endpoint, "-c", "2", "-s", size, "-d", depth, "-t", seconds)
                self.assertEqual(result["errors"], 0)
                self.assertGreaterEqual(result["requests"], int(depth))

    def test_what_it_says_of_time_is_so(self):
        def late(data):
            time.sleep(0.02)
            return data

        with StreamServer(late) as server:
            result, _ = self.measure(server.endpoint, "-c", "2", "-t", "500ms")
            self.assertGreaterEqual(result["latency_us"]["min"], 20000)
            self.assertLessEqual(result["requests"], 50)  # two connections, 25 of 20 ms each
            self.assertGreaterEqual(result["latency_us"]["mean"], 20000)

    def test_a_rate_is_kept_and_waiting_counts(self):
        stalled = threading.Event()

        def stall_once(data):
            if not stalled.is_set():
                stalled.set()
                time.sleep(0.2)
            return data

        with StreamServer(stall_once) as server:
            result, _ = self.measure(server.endpoint, "-c", "1", "-t", "2s", "--rate", "100")
            self.assertGreaterEqual(result["requests"], 60)
            self.assertLessEqual(result["requests"] + result["unanswered"], 200)
            # 20 were due while it stalled: they waited 0.1 s on the average, though each was answered at once.
            self.assertGreater(result["latency_us"]["p99"], 50000)
            self.assertGreater(result["latency_us"]["max"], 190000)

    def test_what_is_never_answered_counts(self):
        answered = []

        def answer_ten(data):
            if len(answered) == 10:
                threading.Event().wait(60)
            answered.append(data)
            return data

        with StreamServer(answer_ten) as server:
            result, _ = self.measure(server.endpoint, "-c", "1", "-t", "1s", "--rate", "100")
            self.assertEqual((result["requests"], result["unanswered"]), (10, 90))
            self.assertGreater(result["latency_us"]["p50"], 300000)  # half of them were due 0.4 s before the end
        answered.clear()
        with StreamServer(answer_ten) as server:
            result, _ = self.measure(server.endpoint, "-c", "1", "-t", "1s")
            self.assertEqual(result["requests"], 10)
            self.assertGreater(result["latency_us"]["max"], 500000)
        with StreamServer(lambda data: threading.Event().wait(60)) as server:
            _, errors = self.measure(server.endpoint, "-c", "2", "-t", "200ms", code=1)
            self.assertIn("there was no answer", errors)

    def test_what_is_no_echo_is_an_error(self):
        with StreamServer(lambda data: data.upper()[:-1] + b"~") as server:
            result, errors = self.measure(server.endpoint, "-c", "2", "-t", "5s", code=1)
            self.assertEqual(result["errors"], 2)
            self.assertIn("not what was sent", errors)
        with StreamServer(lambda data: data + data) as server:
            result, errors = self.measure(server.endpoint, "-c", "1", "-t", "5s", code=1)
            self.assertIn("more than was sent", errors)

    def test_a_server_that_ends_is_an_error(self):
        with StreamServer(lambda data: b"") as server:
            result, errors = self.measure(server.endpoint, "-c", "3", "-t", "5s", code=1)
            self.assertEqual((result["errors"], result["requests"]), (3, 0))

    def test_datagrams_are_lost_and_it_goes_on(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.bind(("127.0.0.1", 0))

            def answer_every_second():
                for number in range(1 << 30):
                    try:
                        data, peer = port.recvfrom(65536)
                    except OSError:
                        return
                    if number % 2 == 0:
                        port.sendto(data, peer)

            threading.Thread(target=answer_every_second, daemon=True).start()
            result, _ = self.measure(f"udp:127.0.0.1:{port.getsockname()[1]}", "-c", "1", "-t", "2500ms")
            self.assertGreaterEqual(result["lost"], 1)
            self.assertGreaterEqual(result["requests"], 2)
            self.assertGreaterEqual(result["latency_us"]["max"], 1e6)  # of those that were lost

    def test_datagrams_that_were_due_at_an_error_are_unanswered(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            bound.settimeout(15)
            port = bound.getsockname()[1]
            process = self.bight("bench", f"udp:127.0.0.1:{port}", "-c", "1", "-t", "30s", "--rate", "1000", "--json")
            _, peer = bound.recvfrom(100)
            time.sleep(0.2)  # so many become due meanwhile
            bound.sendto(b"something else", peer)
            code, output = process.finish()
            self.assertEqual(code, 1)
            result = json.loads(output)
            self.assertEqual((result["requests"], result["errors"]), (0, 1))
            self.assertGreaterEqual(result["unanswered"], 150)
            self.assertIn(f"(127.0.0.1:{port})", process.stderr())

    def test_a_rate_beyond_all_means_ends_in_time(self):
        with StreamServer(lambda data: data) as server:
            begin = time.monotonic()
            result, _ = self.measure(server.endpoint, "-c", "1", "-t", "500ms", "--rate", "1000000000")
            self.assertLess(time.monotonic() - begin, 10)
            self.assertAlmostEqual(result["requests"] + result["unanswered"], 5e8, delta=1)
            self.assertAlmostEqual(result["latency_us"]["mean"], 250000, delta=50000)

    def test_the_cause_is_told_where_reading_and_writing_fail_at_once(self):
        def stop(data):
            raise OSError  # with input unread: a reset

        with StreamServer(stop) as server:
            for _ in range(5):
                _, errors = self.measure(server.endpoint, "-c", "8", "-s", "8M", "-t", "5s", code=1)
                self.assertNotIn("TaskGroup", errors)

    def test_nobody_is_there(self):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            code, output, errors = self.run_bight("bench", f"tcp:{bound.getsockname()[1]}", "-t", "1s")
            self.assertEqual((code, output), (7, b""))
            self.assertIn("connection refused", errors)

    def test_what_is_no_connection_has_no_such_code(self):
        without = Path(__file__).resolve().parents[1] / "support" / "python" / "without_io_uring.py"
        with StreamServer(lambda data: data) as server:
            arguments = ("bench", server.endpoint, "-t", "1s")
            refused = self.start(sys.executable, without, BIGHT, *arguments, "--engine", "uring")
            self.assertEqual(refused.finish(), (1, b""), refused.stderr())
            self.assertIn("io_uring", refused.stderr())
            code, output, errors = self.run_bight(*arguments, "-c", "200", preexec_fn=descriptor_limit(100))
            self.assertEqual((code, output), (1, b""), errors)
            self.assertIn("too many open files", errors)

    def test_a_signal_ends_it_where_there_were_errors_too(self):
        answered = threading.Lock()

        def answer(data):  # the first to ask is answered something else, and ends
            return data.upper()[:-1] + b"~" if answered.acquire(blocking=False) else data

        with StreamServer(answer) as server:
            process = self.bight("bench", server.endpoint, "-t", "1000s", "--json", "-c", "2")
            self.assert_eventually(lambda: len(server.taken) == 2 and any(map(is_closed, server.taken)), "one has ended")
            process.send(signal.SIGINT)
            code, output = process.finish()
            self.assertEqual((code, json.loads(output)["errors"]), (130, 1))
            self.assertIn("not what was sent", process.stderr())

    def test_a_signal_ends_it_with_what_was_measured(self):
        with StreamServer(lambda data: data) as server:
            process = self.bight("bench", server.endpoint, "-t", "1000s", "--json", "-c", "1")
            self.assert_eventually(lambda: server.taken or process.child.poll() is not None, "it connects")
            self.assertIsNone(process.child.poll())
            process.send(signal.SIGINT)
            output = process.read_until(lambda text: b"\n" in text)
            self.assertEqual(process.wait(), 130)
            self.assertLess(json.loads(output)["seconds"], 100)

    def test_usage(self):
        for arguments in ([], ["stdio:"], ["systemd:x"], ["tls:localhost:1"], ["tcp:1", "-c", "0"], ["tcp:1", "-s", "1G"],
                          ["tcp:1", "-t", "0"],
                          ["tcp:1", "-s", "0"], ["tcp:1", "-s", "0", "--rate", "10"], ["tcp:1", "-d", "288230376151711744"],
                          ["tcp:1", "--rate", "1000000001"], ["udp:1", "-d", "2"], ["udp:1", "-s", "64k"], ["tcp:1", "--rate", "0"],
                          ["tcp:1", "--engine", "kqueue"], ["nonsense"]):
            with self.subTest(arguments=arguments):
                code, output, errors = self.run_bight("bench", *arguments)
                self.assertEqual((code, output), (2, b""))
                self.assertEqual(errors.count("\n"), 1)

    def test_for_people(self):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "selectors")
        code, output, errors = self.run_bight("bench", server.endpoint, "-t", "200ms", "-c", "2")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output.decode(), r"^tcp:127\.0\.0\.1:\d+: 2 connections, 64 bytes, depth 1, 0\.2 s, (uring|epoll)\n"
                                          r"  requests  \d+, \d+ a second, .* a second each way\n  latency   min .*\n"
                                          r" +p50 .*\n$")


if __name__ == "__main__":
    unittest.main()
