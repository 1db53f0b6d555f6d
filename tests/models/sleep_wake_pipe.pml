/* Sleeping and waking at the two ends of a pipe: no wake-up is lost, whoever is killed or closes.
 * Stands for framework/troupe/transport/: pipe_end.cpp (wait, announce, wake, next_frame), pipe_layout.hpp (the state
 * word), waitable.cpp (wait_until), and for framework/troupe/memory/: park.hpp, asymmetric_fence.hpp.
 *
 * Modelled: one direction with room for CAPACITY frames, which are only counted; a writer, a reader, and with
 * -DWATCHER_TOO a second thread of the reader's process, which waits for a frame without taking it. Commits and releases
 * may stay in a store buffer past the look at the state word; they leave it at any time, by the process's own atomic
 * operations, by the other's membarrier, and when the process is killed. The state word has flags and the number of
 * wakes; whoever sleeps, sleeps on all of it and on the interrupt word. The reader publishes what it released now and
 * then, and before it waits. Either end is closed after any frame, or stays, or its process is killed between any two
 * steps: first its socket hangs up, then the interrupt words are raised.
 *
 * Abstracted: spinning before the sleep (it looks more often); the deadline (never); the nap of 1 s (never ends, so that
 * it hides no lost wake-up: it is for ends that get lost without a death); descriptors and tokens. Of a number that is
 * only ever compared with what it was, there is one bit for each thread that compares: is it the same?
 * -DSYMMETRIC: where membarrier is not permitted.
 *
 * Checked: when nothing more happens, no live reader or watcher sleeps while there is a frame, no live writer while there
 * is room, and neither while the other side is closed or dead; nobody takes the stream for ended while there is a frame.
 */

#define CAPACITY 1
#ifdef BUG_NO_COUNT
#define WATCHER_TOO  /* one thread alone does not need it */
#endif
#ifdef WATCHER_TOO
#define FRAMES 2
#else
#define FRAMES 3
#endif

#define WRITER 0
#define READER 1
#define WATCHER 2
#define THREADS 3
#define side_of(thread) ((thread) != WRITER)

/* Flags of the state word. */
#define reader_waits 1
#define writer_waits 2
#define writer_closed 4
#define reader_closed 8
#define my_flag (me == WRITER -> writer_waits : reader_waits)
#define other_closed(thread) ((thread) == WRITER -> reader_closed : writer_closed)
#define has(flag) ((flags & (flag)) != 0)

byte flags;
byte written, released;  /* as the other side sees them */
byte position;           /* the reader's own */
bool buffered[2];        /* each side's last commit or release is still in its store buffer: one more, or all of `position` */
bool gone[2];            /* killed: its socket has hung up */

bool asleep[THREADS];
bool no_wake[THREADS];       /* since it announced */
bool no_interrupt[THREADS];  /* since it sampled its interrupt word */
bool known[THREADS];         /* no interrupt since its last look for a hang-up */
bool hung_up[THREADS];       /* what it saw then */

#define frame (written != position)
#define room(count) (count - released < CAPACITY)
#define ready (me == WRITER && room(written) || me != WRITER && frame)

/* The writer always flushes before it commits again, so it may look at `written` as its own position. */
inline flush(side) {
  d_step {
    if
    :: buffered[side] && side == side_of(WRITER) -> written++
    :: buffered[side] && side == side_of(READER) -> released = position
    :: else
    fi;
    buffered[side] = false
  }
}

inline wake_all() {
  asleep[WRITER] = false;
  asleep[READER] = false;
  asleep[WATCHER] = false
}

inline wake(flag) {
  atomic {
    flush(side_of(me));
    flags = flags & (15 - flag);
#ifndef BUG_NO_COUNT
    no_wake[WRITER] = false;
    no_wake[READER] = false;
    no_wake[WATCHER] = false;
#endif
  };
  d_step { wake_all() }
}

/* After a store that the other side may wait for. */
inline wake_if(flag) {
#if defined(SYMMETRIC) && !defined(BUG_NO_FENCE)
  flush(side_of(me));
#endif
  if
  :: has(flag) -> wake(flag)
  :: else
  fi
}

inline announce() {
  atomic {
    flush(side_of(me));
    flags = flags | my_flag;
    seen = flags;
    no_wake[me] = true
  };
#if !defined(SYMMETRIC) && !defined(BUG_NO_FENCE)
  flush(1 - side_of(me))
#else
  skip
#endif
}

inline park() {
  atomic {
    asleep[me] = (flags == seen && no_wake[me] && no_interrupt[me]);
    seen = 0
  };
end_asleep:
  atomic { !asleep[me] -> no_wake[me] = false; no_interrupt[me] = false }
}

/* Until there is a frame, or room; or the other side is gone: `ended`. */
inline wait() {
  do
  :: atomic {
#ifndef BUG_LATE_SAMPLE
       no_interrupt[me] = true;
#endif
       if
       :: ready -> break
       :: else
       fi
     };
     atomic {
       if
       :: known[me]
       :: else -> known[me] = no_interrupt[me]; hung_up[me] = gone[1 - side_of(me)]
       fi;
       ended = hung_up[me] || has(other_closed(me))
     };
     if
     :: ended ->
#ifndef BUG_NO_LOOK_AT_THE_END
        ended = !ready;
#endif
        break
     :: else
     fi;
#ifdef BUG_LATE_SAMPLE
     no_interrupt[me] = true;
#endif
     announce();
     if
#ifndef BUG_NO_SECOND_LOOK
     :: ready || (seen & other_closed(me)) != 0 -> seen = 0
     :: else -> park()
#else
     :: park()
#endif
     fi
  od;
  atomic { no_wake[me] = false; no_interrupt[me] = false }
}

proctype writer(byte me) {
  byte count, seen;
  bool ended;
  {
    do
    :: count < FRAMES ->
       flush(0);
       wait();
       if
       :: ended -> goto stops
       :: atomic { !ended -> buffered[0] = true; count++ }
       fi;
       wake_if(reader_waits)
    :: true -> break
    od;
    /* Closes, or only stops. */
    if
    :: atomic { flush(0); flags = flags | writer_closed };
       wake(reader_waits)
    :: true
    fi;
stops:
    skip
  } unless { gone[0] };
  atomic { count = 0; seen = 0; ended = false; hung_up[me] = false; known[me] = false }
}

proctype reader(byte me) {
  byte seen;
  bool ended;
  {
    do
    :: if
       :: !ready ->
          flush(1);
          buffered[1] = (released != position);
#ifndef BUG_NO_WORD_TO_THE_WRITER
          wake_if(writer_waits);
#endif
          wait()
       :: ready
       fi;
       if
       :: ended ->
          flush(0);  /* what is in there was committed */
          assert(!frame);
          break
       :: else
       fi;
       atomic { flush(1); position++ };
       if
       :: buffered[1] = true; wake_if(writer_waits)
       :: true
       fi
    :: true -> break
    od;
    /* Closes, or only stops. */
    if
    :: !ended ->
       atomic { flush(1); released = position; flags = flags | reader_closed };
       wake(writer_waits)
    :: true
    fi
  } unless { gone[1] };
  atomic { seen = 0; ended = false; hung_up[me] = false; known[me] = false }
}

/* wait() over this end. It needs no turn, and looks at the reader's position. */
proctype watcher(byte me) {
  byte seen;
  {
    do
    :: atomic {
         no_interrupt[me] = true;
         if
         :: frame || has(writer_closed) || gone[0] -> break
         :: else
         fi
       };
       if
       :: seen == 0 -> announce()
       :: seen != 0 -> park()
       fi
    od;
    skip
  } unless { gone[1] };
  atomic { no_interrupt[me] = false; no_wake[me] = false; seen = 0 }
}

/* The processors' store buffers. */
active proctype buffers() {
end_:
  do
  :: buffered[0] -> flush(0)
  :: buffered[1] -> flush(1)
  od
}

inline raise(thread) {
  no_interrupt[thread] = false;
  known[thread] = false;
  asleep[thread] = false
}

inline dies(thread) {
  asleep[thread] = false;
  no_wake[thread] = false;
  no_interrupt[thread] = false
}

active proctype fate() {
  if
  :: atomic { flush(0); gone[0] = true; dies(WRITER) };
#ifndef BUG_NO_INTERRUPT
     d_step { raise(READER); raise(WATCHER) }
#endif
  :: atomic { flush(1); gone[1] = true; dies(READER); dies(WATCHER) };
#ifndef BUG_NO_INTERRUPT
     d_step { raise(WRITER) }
#endif
  :: true
  fi;
  timeout;
  assert(!(asleep[WRITER] && (room(written) || gone[1] || has(reader_closed))));
  assert(!((asleep[READER] || asleep[WATCHER]) && (frame || gone[0] || has(writer_closed))))
}

init {
  atomic {
    run writer(WRITER);
    run reader(READER);
#ifdef WATCHER_TOO
    run watcher(WATCHER)
#endif
  }
}
