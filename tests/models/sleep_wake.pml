/* Sleeping and waking with event counts, as in the queue: no wake-up is lost, whoever is killed.
 * Stands for framework/troupe/memory/: event_count.hpp, park.hpp, asymmetric_fence.hpp, and for how put and get in
 * framework/troupe/transport/byte_queue.cpp use them.
 *
 * Modelled: a queue of CAPACITY items that are only counted, its producers and consumers, a lock for each side, and the
 * event counts not_empty and not_full. A put or get stores its cursor, unlocks, then reads the event count's word. The
 * two stores may stay in a store buffer past that reading; they leave it at any time, by the process's own atomic
 * operations, by another's membarrier (one process after the other), and when the process is killed. Whoever finds
 * nothing to do announces, has the heavy fence, looks again under its lock, unlocks, and sleeps on the word and its
 * interrupt word. KILLS processes are killed between any two steps; the kernel frees what locks they hold; then the
 * interrupt word of each process is raised, and whoever sleeps on it is woken. A sleeper may wake without reason.
 *
 * Abstracted: spinning before the sleep (it looks more often), the deadline (never), what an item holds, shutdown. Of a
 * word that is only ever compared with what it was, there is one bit for each process that compares: has it changed?
 * -DSYMMETRIC: where membarrier is not permitted, each put and get has a full fence, and the announcement no membarrier.
 * -DTWO_PRODUCERS: and one consumer; else one producer and two consumers.
 *
 * Checked: when nothing more happens, no live consumer sleeps while there is an item, and no live producer while there is
 * room; nobody waits for a lock.
 */

#define CAPACITY 1
#ifndef KILLS
#define KILLS 1
#endif
#ifndef SPURIOUS
#define SPURIOUS 0
#endif

#define PROCESSES 3
#ifdef TWO_PRODUCERS
#define FIRST_CONSUMER 2
#define ITEMS 1  /* of each producer */
#else
#define FIRST_CONSUMER 1
#define ITEMS 2
#endif

#define PRODUCERS 0
#define CONSUMERS 1
#define side_of(process) ((process) >= FIRST_CONSUMER)
#define NOBODY 255

/* A side waits on the event count of its number, and notifies the other's. */
bool waiting[2];              /* the low bit of the event count's word */
byte holder[2] = NOBODY;      /* of each side's lock */
byte tail, head;              /* what was put, what was taken; as others see it */
bool buffered[PROCESSES];     /* the process's last cursor and its unlocking are still in its store buffer */
bool asleep[PROCESSES];       /* on the event count of its own side, and on its interrupt word */
bool gone[PROCESSES];

/* What a process compares later. */
bool own_same[PROCESSES];     /* the word of the event count of its own side is as it announced */
bool other_same[PROCESSES];   /* that of the other side is as it left it in notify */
bool no_interrupt[PROCESSES]; /* its interrupt word is as it sampled it */

#define can_go(side) ((side) == PRODUCERS && tail - head < CAPACITY || (side) == CONSUMERS && tail != head)

inline flush(process) {
  atomic {
    if
    :: buffered[process] ->
       buffered[process] = false;
       holder[side_of(process)] = NOBODY;
       tail = tail + (side_of(process) == PRODUCERS);
       head = head + (side_of(process) == CONSUMERS)
    :: else
    fi
  }
}

/* The event count of this side has another word now. */
inline changed(side) {
  for (i : 0 .. PROCESSES - 1) {
    if
    :: side_of(i) == side -> own_same[i] = false
    :: else -> other_same[i] = false
    fi
  }
  i = 0
}

inline wake_side(side) {
  for (i : 0 .. PROCESSES - 1) {
    if
    :: side_of(i) == side && asleep[i] ->
       asleep[i] = false;
#ifdef BUG_WAKE_ONE
       break
#endif
    :: else
    fi
  }
  i = 0
}

/* One after the other, all of the other side. */
inline membarrier() {
#if !defined(BUG_NO_FENCE) && !defined(SYMMETRIC)
  flush((other == PRODUCERS -> 0 : FIRST_CONSUMER));
  flush((other == PRODUCERS -> FIRST_CONSUMER - 1 : PROCESSES - 1))
#else
  skip
#endif
}

/* Stores the cursor, unlocks; that much for the process itself. */
inline go() {
  own_same[me] = false;
  no_interrupt[me] = false;
  buffered[me] = true;
  if
  :: side == PRODUCERS -> rounds--
  :: else
  fi
}

proctype partner(byte me; byte rounds) {
  byte i;
  bit side = side_of(me), other = 1 - side_of(me);
  {
    skip;
lock:
    flush(me);
    if
    :: rounds == 0 || side == CONSUMERS -> goto done  /* a consumer may have got enough */
    :: atomic { rounds != 0 && holder[side] == NOBODY && can_go(side) -> holder[side] = me; go(); goto notify }
    :: atomic {
         /* There was nothing to do; by now there may be. */
         rounds != 0 && holder[side] == NOBODY -> holder[side] = me;
#ifndef BUG_LATE_SAMPLE
         no_interrupt[me] = true;
#endif
         changed(side);
         waiting[side] = true;
         own_same[me] = true
       }
    fi;
    membarrier();
    if
#ifndef BUG_NO_SECOND_LOOK
    :: atomic { can_go(side) -> go(); goto notify }
    :: atomic { !can_go(side) -> holder[side] = NOBODY }
#else
    :: holder[side] = NOBODY
#endif
    fi;
#ifdef BUG_LATE_SAMPLE
    no_interrupt[me] = true;
#endif
    asleep[me] = own_same[me] && no_interrupt[me];
end_asleep:
    atomic { !asleep[me] -> own_same[me] = false; no_interrupt[me] = false; goto lock };

notify:
#if !defined(BUG_NO_FENCE) && defined(SYMMETRIC)
    flush(me);
#endif
    if
    :: !waiting[other] -> goto lock
    :: waiting[other]
    fi;
    atomic { flush(me); changed(other); other_same[me] = waiting[other] };
    d_step { wake_side(other) };
    d_step {
#ifndef BUG_CALM_BLINDLY
      if
      :: other_same[me] ->
#endif
         changed(other);
         waiting[other] = false
#ifndef BUG_CALM_BLINDLY
      :: else
      fi
#endif
    };
    goto lock;
done:
    skip
  } unless { gone[me] };
  atomic { i = 0; rounds = 0 }
}

/* The processors' store buffers. */
active proctype buffers() {
end_:
  do
  :: buffered[0] -> flush(0)
  :: buffered[1] -> flush(1)
  :: buffered[2] -> flush(2)
  od
}

inline raise(process) {
  no_interrupt[process] = false;
  asleep[process] = false
}

inline kill(process) {
  atomic {
    !gone[process] && kills > 0;
    kills--;
    flush(process);
    gone[process] = true;
    asleep[process] = false;
    own_same[process] = false;
    other_same[process] = false;
    no_interrupt[process] = false;
    if
    :: holder[side_of(process)] == process -> holder[side_of(process)] = NOBODY
    :: else
    fi
  };
#ifndef BUG_NO_INTERRUPT
  raise(0);
  raise(1);
  raise(2)
#endif
}

/* Kills, and tells of it; wakes without reason. */
active proctype fate() {
  byte kills = KILLS, spurious = SPURIOUS;
  do
  :: kill(0)
  :: kill(1)
  :: kill(2)
  :: atomic { spurious > 0 && asleep[0] -> spurious--; asleep[0] = false }
  :: atomic { spurious > 0 && asleep[2] -> spurious--; asleep[2] = false }
  :: break
  od;
  timeout;
  assert(!(can_go(PRODUCERS) && (asleep[0] || asleep[1] && side_of(1) == PRODUCERS)));
  assert(!(can_go(CONSUMERS) && (asleep[2] || asleep[1] && side_of(1) == CONSUMERS)))
}

init {
  atomic { run partner(0, ITEMS); run partner(1, ITEMS); run partner(2, 1) }
}
