/* The ring of a pipe: one writer, one reader, and a frame that is there or not.
 * Stands for framework/troupe/transport/: pipe_layout.hpp, frame_writer.hpp, frame_reader.hpp, pipe_end.cpp.
 *
 * Modelled: a ring of words. A frame is a header word (never 0) and payload words. The writer needs room for the frame
 * and one word more; it stores the payload, then 0 behind the frame, then the header: commit. It looks at the shared
 * `released` only when its copy says "full". The reader polls the header at its own position, reads the payload, and
 * publishes `released` now and then, and whenever it finds the ring empty. A message is one WHOLE frame, or FIRST,
 * MORE.., LAST. Either end may move between two messages, as often as it likes: the next owner knows only what is in
 * shared memory. One of the two sides may be killed between any two steps. A kill stands for closing, too: the other
 * side looks at the ring again after either.
 *
 * Abstracted: memory is sequentially consistent (the stores of a commit are ordered by its release). Positions wrap
 * around at twice the ring, so the stream is endless. Waiting is a condition that blocks; sleep_wake.pml has the
 * sleeping. A former owner does nothing any more, so the same process plays all owners of an end. Whether anybody holds
 * an end is one fact: the kernel keeps it, with the socket.
 *
 * Checked: the reader sees exactly the committed frames, in order, each with its own payload, whatever lay in the ring
 * before; at the end of the stream none is missing, and a message without its LAST is known to be cut off; the two ends
 * never wait for each other.
 */

#define SLOTS 5    /* words in the ring */
#define LONGEST 2  /* payload words of a frame */

#define WHOLE 0
#define FIRST 1
#define MORE  2
#define LAST  3
#define goes_on(kind) ((kind) == FIRST || (kind) == MORE)
#define continues(kind) ((kind) == MORE || (kind) == LAST)

/* Words. A header and a payload word know the position of their frame, so that one taken for another is found out. */
#define header(position, kind, length) (1 + (position) * 12 + (kind) * 3 + (length))
#define position_of(h) (((h) - 1) / 12)
#define kind_of(h) (((h) - 1) / 3 % 4)
#define length_of(h) (((h) - 1) % 3)
#define payload(position, i) (128 + 4 * (position) + (i))
#define JUNK 255  /* no header and nobody's payload: the worst that a word of an old frame can be taken for */

/* Positions count words modulo 2 * SLOTS, so that a full ring differs from an empty one. */
#define plus(position, n) (((position) + (n)) % (2 * SLOTS))
#define from_to(a, b) (((b) + 2 * SLOTS - (a)) % (2 * SLOTS))
#define at(position) ((position) % SLOTS)

#ifdef BUG_KEEPS_WHAT_IT_READ
#define NO_KILL
#endif

#ifdef BUG_NO_SPARE_WORD
#define SPARE 0
#else
#define SPARE 1
#endif

/* Shared memory. */
byte ring[SLOTS];
byte released;  /* the reader's: all before it may be overwritten. The next reader goes on there */
byte written;   /* where the next owner of the writing end goes on; looked at only then */

bool writer_gone, reader_gone;  /* killed: the socket has hung up */

/* What only the checks know. */
byte end_of_committed;  /* the position behind the last committed frame */
bool cut_off;           /* that was not the last frame of its message */

/* One store to the ring, and what only the writer or only the checks know. */
inline commit() {
  d_step {
    ring[at(position)] = header(position, kind, length);
    end_of_committed = plus(position, 1 + length);
    cut_off = goes_on(kind)
  }
}

inline zero_behind() { ring[at(plus(position, 1 + length))] = 0 }

inline next_position() {
  d_step { position = plus(position, 1 + length); length = 0 }
}

/* What was read is spoilt at once: nobody may rely on it any more. */
inline look() {
  found = ring[at(position)];
  if
  :: found != 0 ->
     assert(found < payload(0, 0) && position_of(found) == position);
     assert(partial == continues(kind_of(found)));
     ring[at(position)] = JUNK
  :: else
  fi
}

inline read_payload(i) {
  d_step {
    assert(ring[at(plus(position, 1 + i))] == payload(position, i));
    ring[at(plus(position, 1 + i))] = JUNK
  }
}

#define room (from_to(released_seen, position) + 1 + length + SPARE <= SLOTS)

active proctype writer() {
  byte position, released_seen, length, kind;
  {
    kind = LAST;
    do
    :: atomic { /* What comes next? */
         if
         :: goes_on(kind) -> kind = MORE; length = LONGEST
         :: goes_on(kind) -> kind = LAST; length = 1
         :: !goes_on(kind) -> kind = FIRST; length = 1
         :: !goes_on(kind) -> kind = WHOLE; if :: length = 0 :: length = 1 :: length = LONGEST fi
         :: !goes_on(kind) -> goto moves
         fi
       }
       /* Room for it, or nobody there to make room. */
       do
       :: room -> break
       :: !room && released != released_seen -> released_seen = released
       :: !room && released == released_seen && reader_gone -> goto broken
       od;

#ifdef BUG_COMMIT_FIRST
       zero_behind();
       commit();
#endif
       if
       :: length >= 1 -> ring[at(plus(position, 1))] = payload(position, 0)
       :: else
       fi;
       if
       :: length == 2 -> ring[at(plus(position, 2))] = payload(position, 1)
       :: else
       fi;
#ifndef BUG_COMMIT_FIRST
#ifndef BUG_NO_ZERO
       zero_behind();
#endif
       commit();
#endif
       d_step { position = plus(position, 1 + length); length = 0 };
       goto next;
moves:
#ifndef BUG_MOVE_WITHOUT_POSITION
       written = position;
#endif
       atomic { position = written; written = 0; released_seen = released };
next:
       skip
    od;
broken:
    skip
  } unless { writer_gone };
  d_step { position = 0; released_seen = 0; length = 0; kind = 0 }
}

active proctype reader() {
  byte position, found;
  bool partial;
  {
    do
    :: d_step { look() };
       if
       :: found != 0 ->
#ifdef BUG_FREE_BEFORE_READ
          released = plus(position, 1 + length_of(found));
#endif
          if
          :: length_of(found) >= 1 -> read_payload(0)
          :: else
          fi;
          if
          :: length_of(found) == 2 -> read_payload(1)
          :: else
          fi;
          d_step {
            position = plus(position, 1 + length_of(found));
            partial = goes_on(kind_of(found));
            found = 0
          };
          if
          :: released = position
          :: true
          :: !partial ->
             /* The end moves. */
#ifndef BUG_MOVE_WITHOUT_POSITION
             released = position;
#endif
             position = released
          fi

       :: else ->
#ifndef BUG_KEEPS_WHAT_IT_READ
          released = position;
#endif
          if
          :: ring[at(position)] != 0
          :: writer_gone ->
             /* The last frame may have come between the look at the ring and the hang-up. */
#ifndef BUG_NO_SECOND_LOOK
             if
             :: ring[at(position)] == 0 ->
#endif
                assert(position == end_of_committed);
                assert(partial == cut_off);
                break
#ifndef BUG_NO_SECOND_LOOK
             :: else
             fi
#endif
          fi
       fi
    od;
    skip
  } unless { reader_gone };
  d_step { position = 0; found = 0; partial = false }
}

#ifdef NO_KILL
#define KILL 0
#else
#define KILL 1
#endif

/* Kills one side, or none. While it may, two that wait for each other are not noticed: so there is a run without it. */
active proctype killer() {
end_:
  if
  :: KILL -> writer_gone = true
  :: KILL -> reader_gone = true
  fi
}
