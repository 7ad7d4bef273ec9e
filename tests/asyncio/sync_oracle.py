#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""Plays scripts on CPython's Lock, Semaphore, Event, Condition and queues, and prints what happened after each step.

A script begins with "== KIND NUMBER"; each line after it is a step of operations, separated by semicolons, which follow
each other without a turn of the loop between them.
"""

import asyncio
import sys

KINDS = {
    "lock": lambda n: asyncio.Lock(),
    "semaphore": asyncio.Semaphore,
    "bounded": asyncio.BoundedSemaphore,
    "event": lambda n: asyncio.Event(),
    "condition": lambda n: asyncio.Condition(),
    "queue": asyncio.Queue,
    "lifo": asyncio.LifoQueue,
    "priority": asyncio.PriorityQueue,
}


class Player:
    def __init__(self, kind, number):
        self.kind = kind
        self.played = KINDS[kind](number)
        self.tasks = {}
        self.notifiers = []
        self.events = []

    async def tell(self, who, call, numbers):
        try:
            result = await call(*numbers)
            self.events.append(f"{who} {result}" if isinstance(result, int) and result is not True else f"{who} done")
        except asyncio.CancelledError:
            self.events.append(f"{who} cancelled")
            raise

    async def wait_under_lock(self):
        async with self.played:
            await self.played.wait()

    async def notify(self, count):
        async with self.played:
            self.played.notify(count) if count else self.played.notify_all()

    def attempt(self, call, *arguments):
        try:
            result = call(*arguments)
            self.events.append("ok" if result is None else f"ok {result}")
        except Exception as error:
            self.events.append(type(error).__name__)

    def perform(self, words):
        verb, numbers = words[0], [int(word) for word in words[1:]]
        played = self.played
        if verb == "x":
            if numbers[0] in self.tasks:
                self.tasks[numbers[0]].cancel()
        elif verb in ("release", "set", "clear", "task_done", "get_nowait", "put_nowait"):
            self.attempt(getattr(played, verb), *numbers)
        elif verb == "notify":
            self.notifiers.append(asyncio.create_task(self.notify(numbers[0])))
        else:
            who, rest = numbers[0], numbers[1:]
            call = self.wait_under_lock if self.kind == "condition" and verb == "wait" else getattr(played, verb)
            self.tasks[who] = asyncio.create_task(self.tell(who, call, rest))

    async def end(self):
        self.tasks.update(enumerate(self.notifiers, 1000))
        for task in self.tasks.values():
            task.cancel()
        await settle()
        while any(not task.done() for task in self.tasks.values()):  # they wait for the lock of the condition again
            if self.played.locked():
                self.played.release()
            await settle()

    def state(self):
        names = ("locked", "is_set", "qsize", "empty", "full")
        return " ".join(str(int(getattr(self.played, name)())) for name in names if hasattr(self.played, name))


async def settle():
    for _ in range(30):
        await asyncio.sleep(0)


async def play(lines):
    player = None
    for line in lines:
        words = line.split()
        if words[0] == "==":
            if player:
                await player.end()
            player = Player(words[1], int(words[2]))
            continue
        for operation in line.split(";"):
            player.perform(operation.split())
        await settle()
        print(", ".join(sorted(player.events)) + " | " + player.state())
        player.events.clear()
    await player.end()


with open(sys.argv[1]) as file:
    asyncio.run(play(file.read().splitlines()))
