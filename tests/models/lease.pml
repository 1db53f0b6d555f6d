/* Leases of a queue: what a consumer took is the queue's until it is done, and comes back if the consumer dies.
 * Stands for framework/troupe/transport/queue_leases.cpp, and for lease, take_when_ready and put in byte_queue.cpp.
 *
 * Modelled: frames with a lease word {waiting | taken | returned | done, deliveries, owner}; the cursors head <= next <=
 * tail; the number `returned`. A frame from `next` on is waiting, whatever its word says. All but `tail` is changed under
 * the consumers' lock, one store at a time. lease: the first returned frame if there is one, else the one at `next`. done
 * and give_back: the word, then `head` passes what is done. An item that was taken more than LIMIT times goes to the
 * handler for dead letters, which is then done. Consumers are killed between any two stores, in the lock too: it goes to
 * the next. Then the death is proven, and every interrupt word raised. Before a consumer looks for an item, it takes the
 * leases from the dead if its interrupt word has changed; while there is nothing it sleeps on that word. The place of a
 * dead process may be taken by a new one, with the next generation.
 *
 * -DPUT_LOOKS: so does a producer that finds no room; it gives up looking if somebody else is in the lock, as that one may
 * be stopped there. And one consumer may leave the queue alone from some time on.
 *
 * Abstracted: memory is sequentially consistent (all of it is guarded by the lock); the event counts always wake
 * (sleep_wake.pml); a put is one step, and its process lives.
 *
 * Checked: as long as a consumer lives, each item that was put is done once, and no more; never do two live processes
 * have one item, and none is taken from a live one; no item is delivered more than LIMIT times, but to the handler; `head`
 * passes only what is done; nobody waits for ever, nor a producer for the room of an item that is done.
 */

#ifdef BUG_PUT_SAMPLES_LATE
#define PUT_LOOKS
#endif

#ifdef PUT_LOOKS
#define ITEMS 3
#define LIMIT 1
#define KILLS 1
#define RESTARTS 0
#else
#define ITEMS 2
#define LIMIT 2
#define KILLS 2
#define RESTARTS 1
#endif
#define SLOTS 2  /* frames in the ring */
#define CONSUMERS 2
#define PRODUCER CONSUMERS
#define PROCESSES 3

#define waiting 0
#define taken 1
#define returned 2
#define done 3
#define NOBODY 255

/* Shared memory. */
typedef word {
  byte what = done;  /* what an earlier frame left there */
  byte deliveries;
  byte owner = NOBODY
}
word words[SLOTS];
byte head, next, tail;
byte returned_count;
byte holder = NOBODY;  /* of the consumers' lock */
#define at(position) ((position) % SLOTS)

/* The process table. */
bool gone[CONSUMERS];   /* killed */
bool dead[CONSUMERS];   /* that is proven */
byte generation[CONSUMERS];
bool deaths_seen[PROCESSES];   /* the interrupt word has not changed since the last look for deaths, */
bool sampled[PROCESSES];       /* since it was sampled for one, */
bool no_interrupt[PROCESSES];  /* since it was sampled for a sleep */

#ifdef BUG_NO_GENERATION
#define self me
#define is_dead(owner) (dead[(owner) % CONSUMERS])
#else
#define self (me + CONSUMERS * generation[me])
#ifdef BUG_SUSPICION
#define is_dead(owner) (!(owner == self))
#else
#define is_dead(owner) ((owner) / CONSUMERS != generation[(owner) % CONSUMERS] || dead[(owner) % CONSUMERS])
#endif
#endif

bool left[CONSUMERS];   /* it does not use the queue any more */
bool ended[CONSUMERS];  /* the place may be taken by a new process */

/* What only the checks know of a frame. */
byte held_by[SLOTS] = NOBODY;
byte begun[SLOTS];       /* how often it was delivered, but to the handler */
bool finished[SLOTS];

#define identity (me + CONSUMERS * generation[me])
#define may_lose(who) ((who) == NOBODY || gone[(who) % CONSUMERS] || (who) / CONSUMERS != generation[(who) % CONSUMERS])

#define lock holder == NOBODY -> holder = me
#define unlock holder = NOBODY

/* The first frame of a state in [head, next), as `at_frame`; or `next`. The lock keeps it so. */
inline find(state) {
  at_frame = head;
  do
  :: at_frame != next && words[at(at_frame)].what != state -> at_frame++
  :: else -> break
  od
}

/* The store of a word, and what it means for the checks. */
inline sign() {
  words[at(at_frame)].what = taken;
  words[at(at_frame)].owner = self
}
inline has_item() {
  assert(may_lose(held_by[at(at_frame)]) && !finished[at(at_frame)]);
  held_by[at(at_frame)] = identity;
  if
  :: words[at(at_frame)].deliveries <= LIMIT -> begun[at(at_frame)]++; assert(begun[at(at_frame)] <= LIMIT)
  :: else
  fi;
  my_frame = at_frame;
  have = true
}

/* With the lock. Sets `have` if there was something. */
inline take() {
  atomic {
    lock;
    at_frame = next;
    if
    :: returned_count != 0 -> find(returned)
    :: else
    fi
  };
  if
  :: at_frame != next ->
     d_step {
       words[at(at_frame)].deliveries++;
       sign();
       has_item()
     };
     returned_count--
  :: at_frame == next && returned_count != 0 -> returned_count = 0
  :: else
  fi;
  if
  :: !have && next != tail ->
#ifdef BUG_NEXT_FIRST
     next++;
     d_step {
       at_frame = next - 1;
       words[at(at_frame)].deliveries = 1;
       sign();
       has_item()
     }
#else
     d_step {
       at_frame = next;
       words[at(at_frame)].deliveries = 1;
       sign()
     };
     d_step {
       has_item();
       next++
     }
#endif
  :: else
  fi
}

/* Under the lock. */
inline advance_head() {
  d_step {
    at_frame = head;
    do
#ifdef BUG_HEAD_PASSES_NEXT
    :: at_frame != tail && words[at(at_frame)].what == done ->
#else
    :: at_frame != next && words[at(at_frame)].what == done ->
#endif
       assert(finished[at(at_frame)]);
       words[at(at_frame)].deliveries = 0;
       begun[at(at_frame)] = 0;
       at_frame++
    :: else -> break
    od;
    head = at_frame;
    at_frame = 0
  }
}

/* Under the lock. */
inline end_lease(how) {
  d_step {
    assert(words[at(my_frame)].what == taken && words[at(my_frame)].owner == self);
    words[at(my_frame)].what = how;
    words[at(my_frame)].owner = NOBODY;
    assert(held_by[at(my_frame)] == identity);
    held_by[at(my_frame)] = NOBODY;
    finished[at(my_frame)] = (how == done)
  }
}

/* The first frame in [head, next) that a dead process has, as `at_frame`; or `next`. */
inline find_lease_of_the_dead() {
  at_frame = head;
  do
  :: at_frame != next && !(words[at(at_frame)].what == taken && is_dead(words[at(at_frame)].owner)) -> at_frame++
  :: else -> break
  od
}

inline take_leases_from_the_dead() {
  sampled[me] = true;
  atomic { lock; find_lease_of_the_dead() };
  do
  :: at_frame != next ->
#ifdef BUG_WORD_BEFORE_COUNT
     give_back_for_the_dead();
     returned_count++;
#else
     returned_count++;
     give_back_for_the_dead();
#endif
     atomic { find_lease_of_the_dead() }
  :: else -> break
  od;
#ifdef BUG_HEAD_STAYS_WITH_THE_DEAD
  skip;
#else
  advance_head();
#endif
  d_step { unlock; deaths_seen[me] = sampled[me]; sampled[me] = false; at_frame = 0 }
}

inline give_back_for_the_dead() {
  d_step {
    assert(may_lose(held_by[at(at_frame)]));
    words[at(at_frame)].what = returned;
    words[at(at_frame)].owner = NOBODY;
    held_by[at(at_frame)] = NOBODY
  }
}

proctype consumer(byte me) {
  byte at_frame, my_frame;
  bool have;
  {
    do
    ::
       if
#ifdef BUG_NO_RECOVERY
       :: deaths_seen[me] = true
#else
       :: !deaths_seen[me] -> take_leases_from_the_dead()
       :: else
#endif
       fi;
       take();
       if
       :: !have ->
          /* Sleeps, unless a death came since it looked for one. */
          d_step {
#ifdef BUG_LATE_SAMPLE
            no_interrupt[me] = true;
#else
            no_interrupt[me] = deaths_seen[me];
#endif
            unlock;
            at_frame = 0
          };
end_sleeps:
          atomic { next != tail || returned_count != 0 || !no_interrupt[me] -> no_interrupt[me] = false }
       :: have ->
          d_step { unlock; at_frame = 0 };
          /* Whoever has it may take any time. */
          if
          :: words[at(my_frame)].deliveries <= LIMIT ->
             /* give_back */
#ifdef BUG_WORD_BEFORE_COUNT
             atomic { lock; end_lease(returned) };
             returned_count++
#else
             atomic { lock; returned_count++ };
             end_lease(returned)
#endif
          :: true ->
             /* done; or the handler is */
             atomic { lock; end_lease(done) }
          fi;
          advance_head();
          d_step { unlock; have = false; my_frame = 0 }
       fi
#ifdef PUT_LOOKS
    :: me == 1 -> left[me] = true; break
#endif
    od;
    skip
  } unless { gone[me] };
  atomic { at_frame = 0; my_frame = 0; have = false; ended[me] = true }
}

#define room (tail - head < SLOTS)

active proctype producer() {
#ifndef PUT_LOOKS
end_:
  do
  :: d_step { tail < ITEMS && room -> finished[at(tail)] = false; tail++ }
  od
#else
  byte me = PRODUCER, at_frame;
  do
  :: if
     :: !deaths_seen[me] -> take_leases_from_the_dead()
     :: !deaths_seen[me] && holder != NOBODY
     :: else
     fi;
     if
     :: d_step { tail < ITEMS && room -> finished[at(tail)] = false; tail++ }
     :: tail < ITEMS && !room ->
#ifdef BUG_PUT_SAMPLES_LATE
        no_interrupt[me] = true;
#else
        no_interrupt[me] = deaths_seen[me];
#endif
end_sleeps:
        atomic { room || !no_interrupt[me] -> no_interrupt[me] = false }
     :: tail == ITEMS -> break
     fi
  od
#endif
}

inline raise(process) {
  d_step {
    deaths_seen[process] = false;
    sampled[process] = false;
    no_interrupt[process] = false
  }
}

inline kill(process) {
  atomic {
    !gone[process] && kills < KILLS -> gone[process] = true;
    kills++;
    if
    :: holder == process -> holder = NOBODY
    :: else
    fi
  };
  dead[process] = true;
  raise(0);
  raise(1);
#ifdef PUT_LOOKS
  raise(PRODUCER)
#endif
}

inline restart(process) {
  atomic {
    ended[process] && restarts < RESTARTS -> restarts++;
    ended[process] = false;
    gone[process] = false;
    dead[process] = false;
    generation[process]++;
    raise(process);
    run consumer(process)
  }
}

active proctype fate() {
  byte kills, restarts;
  do
  :: kill(0)
  :: kill(1)
  :: restart(0)
  :: restart(1)
  :: break
  od;
  timeout;
  assert(head == ITEMS || (gone[0] || left[0]) && (gone[1] || left[1]));
#ifdef PUT_LOOKS
  assert(!(tail < ITEMS && (room || head != next && words[at(head)].what == done)))
#endif
}

init {
  atomic { run consumer(0); run consumer(1) }
}
