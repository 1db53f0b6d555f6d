#!/usr/bin/env python3
"""Measures one figure of CPython's multiprocessing and prints it; started by the benchmark.

    cpython.py pipe KIND SIZE SECONDS CORES      KIND: round_trip, one_way, records, idle, waiting
    cpython.py queue PRODUCERS CONSUMERS SECONDS CORES

CORES is "sender,receiver" or empty. Units as in the benchmark's tables. The first word of each payload is written and
summed, and the sums are compared: more would measure the interpreter.
"""
import multiprocessing as mp
import os
import signal
import statistics
import sys
import time

STOP = 2**64 - 1
WATCHDOG = 30


def enter(side, cores):
    signal.alarm(WATCHDOG)
    if cores:
        os.sched_setaffinity(0, {cores[side]})


def message(rest, stamp):
    return stamp.to_bytes(8, "little") + rest


def stamp_of(data):
    return int.from_bytes(data[:8], "little")


def record(stamp):
    return (stamp, 2.0, "sixteen letters!", [stamp & 0xFFFF, 2, 3, 4, 5, 6, 7, 8])


def serve(end, kind, size, cores, results):
    enter(1, cores)
    rest = bytes(size - 8)
    received = count = 0
    end.send_bytes(end.recv_bytes())
    cpu, begin = time.process_time(), time.monotonic()
    if kind == "records":
        while (r := end.recv())[0] != STOP:
            received += r[0] + r[3][0]
            count += 1
    else:
        dialogue = kind != "one_way"
        while (stamp := stamp_of(end.recv_bytes())) != STOP:
            received += stamp
            count += 1
            if dialogue:
                end.send_bytes(message(rest, stamp))
    finish = time.monotonic()
    results.send((finish, received, count, (time.process_time() - cpu) / (finish - begin) * 100))


def measure_pipe(kind, size, seconds, cores):
    here, there = mp.Pipe()
    results, results_there = mp.Pipe()
    server = mp.Process(target=serve, args=(there, kind, size, cores, results_there), daemon=True)
    server.start()
    enter(0, cores)
    rest = bytes(size - 8)
    here.send_bytes(message(rest, 0))
    here.recv_bytes()
    stamp = sent = 0
    times = []
    begin = time.monotonic()
    until = begin + seconds
    if kind == "waiting":
        time.sleep(seconds)
    elif kind == "records":
        while time.monotonic() < until:
            for _ in range(16):
                stamp += 1
                r = record(stamp)
                sent += stamp + r[3][0]
                here.send(r)
        here.send(record(STOP))
    elif kind == "one_way":
        while time.monotonic() < until:
            for _ in range(max(1, min(16, 65536 // size))):
                stamp += 1
                sent += stamp
                here.send_bytes(message(rest, stamp))
    else:
        while time.monotonic() < until:
            if kind == "idle":
                time.sleep(0.001)
            start = time.monotonic()
            stamp += 1
            sent += stamp
            here.send_bytes(message(rest, stamp))
            if stamp_of(here.recv_bytes()) != stamp:
                sys.exit("the answer is not the request's")
            times.append(time.monotonic() - start)
    took = time.monotonic() - begin
    if kind != "records":
        here.send_bytes(message(rest, STOP))
    finish, received, count, cpu = results.recv()
    server.join()
    if sent != received:
        sys.exit("what was received is not what was sent")
    if kind == "round_trip":
        return took / count * 1e6
    if kind == "idle":
        return statistics.median(times) * 1e6
    if kind == "waiting":
        return cpu
    if kind == "one_way" and size >= 65536:
        return count * size / (finish - begin) / 1e9
    return count / (finish - begin) / 1e6


def produce(queue, seconds, cores, start, results):
    enter(0, cores)
    rest = bytes(56)
    start.wait()
    begin = time.monotonic()
    until = begin + seconds
    stamp = sent = 0
    while time.monotonic() < until:
        for _ in range(16):
            stamp += 1
            sent += stamp
            queue.put(message(rest, stamp))
    queue.close()
    queue.join_thread()
    results.put((begin, sent))


def consume(queue, cores, start, results):
    enter(1, cores)
    received = count = 0
    start.wait()
    while (stamp := stamp_of(queue.get())) != STOP:
        received += stamp
        count += 1
    results.put((time.monotonic(), received, count))


def measure_queue(producers, consumers, seconds, cores):
    signal.alarm(WATCHDOG)
    queue = mp.Queue(1024)
    results = [mp.SimpleQueue() for _ in range(2)]
    start = mp.Barrier(producers + consumers)
    makers = [mp.Process(target=produce, args=(queue, seconds, cores, start, results[0]), daemon=True)
              for _ in range(producers)]
    takers = [mp.Process(target=consume, args=(queue, cores, start, results[1]), daemon=True)
              for _ in range(consumers)]
    for one in makers + takers:
        one.start()
    made = [results[0].get() for _ in makers]
    for one in makers:
        one.join()
    for _ in takers:
        queue.put(message(bytes(56), STOP))
    taken = [results[1].get() for _ in takers]
    for one in takers:
        one.join()
    if sum(sent for _, sent in made) != sum(received for _, received, _ in taken):
        sys.exit("what was received is not what was sent")
    took = max(end for end, _, _ in taken) - min(begin for begin, _ in made)
    return sum(count for _, _, count in taken) / took / 1e6


def main():
    what, *rest, seconds, cores = sys.argv[1:]
    cores = [int(core) for core in cores.split(",")] if cores else None
    if what == "pipe":
        print(measure_pipe(rest[0], int(rest[1]), float(seconds), cores))
    else:
        print(measure_queue(int(rest[0]), int(rest[1]), float(seconds), cores))


main()
