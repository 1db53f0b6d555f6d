/* The ring of a pipe: one writer, one reader, and a frame that is there or not.
 *
 * Modelled: a ring of words. A frame is a header word (kind and length, never 0) and payload words. The writer needs room
 * for the frame and one word more; it stores 0 to the header behind the frame, then the payload, then the header: commit.
 * It looks at the shared `head` only when its copy says "full". The reader polls the header at its own position, reads the
 * payload, and publishes `head` after every LAZY frames and whenever it finds the ring empty. A message is one WHOLE frame,
 * or FIRST, MORE.., LAST. Either end may move to a second process between two messages: the position is published, then
 * the word that says whose end it is changes. All four processes may be killed between any two steps.
 *
 * Abstracted: memory is sequentially consistent; positions and frame numbers wrap around early, so that the stream is endless;
 * waiting is a condition that blocks (sleep_wake.pml has the sleeping); handing over an end is one store.
 *
 * Checked: the reader sees exactly the committed frames, in order, each with its own payload, whatever lay in the ring
 * before; at the end of the stream none is missing, and a message without its LAST is known to be cut off; the two ends
 * never wait for each other.
 */

#define SLOTS 5    /* words in the ring */
#define LONGEST 2  /* payload words of a frame */
#define LAZY 2
#define NUMBERS SLOTS  /* frames are numbered modulo this: one more than can lie in the ring */

#define WHOLE 1
#define FIRST 2
#define MORE  3
#define LAST  4

#define header(kind, len) ((kind) * 4 + (len))
#define kind_of(h) ((h) / 4)
#define length_of(h) ((h) % 4)
#define goes_on(kind) ((kind) == FIRST || (kind) == MORE)
#define payload(number, i) (32 + 4 * (number) + (i))
#define JUNK 255  /* no header and nobody's payload: the worst that a word of an old frame can be taken for */

/* Positions count words modulo 2 * SLOTS, so that a full ring differs from an empty one. */
#define plus(position, n) (((position) + (n)) % (2 * SLOTS))
#define from_to(a, b) (((b) + 2 * SLOTS - (a)) % (2 * SLOTS))
#define at(position) ((position) % SLOTS)

#ifdef BUG_NO_SPARE_WORD
#define SPARE 0
#else
#define SPARE 1
#endif

/* Shared memory. */
byte ring[SLOTS];
byte head;             /* the reader's: all before it may be overwritten */
byte writer_position;  /* where the next owner of the writing end goes on; the next reader goes on at `head` */
byte writing_end = 0;  /* whose it is: process 0, later 1 */
byte reading_end = 2;  /* process 2, later 3 */

bool gone[4];          /* killed; what the process table says */

/* What only the checks know. */
byte sent[NUMBERS];    /* headers of the committed frames that were not yet taken */
byte committed;        /* number of the next frame to commit */
byte taken;            /* and to take */
bool cut_off;          /* the last frame committed was not the last of its message */

inline commit() {
  d_step {
    i = 0;
    ring[at(position)] = header(kind, length);
    sent[committed] = header(kind, length);
    committed = (committed + 1) % NUMBERS;
    cut_off = goes_on(kind)
  }
}

inline look() {
  d_step {
    found = ring[at(position)];
    if
    :: found != 0 -> ring[at(position)] = JUNK
    :: else
    fi
  }
}

inline take() {
  d_step {
    position = plus(position, 1 + length_of(found));
    partial = goes_on(kind_of(found));
    sent[taken] = 0;
    taken = (taken + 1) % NUMBERS;
    unpublished++;
    i = 0
  }
}

inline publish() {
  d_step { head = position; unpublished = 0 }
}

#define room (from_to(head_seen, position) + 1 + length + SPARE <= SLOTS)

proctype writer(byte me) {
  byte position, head_seen, length, i, owner;
  byte kind, number;
  {
    kind = LAST;
end_waits_for_the_end:
    writing_end == me;
    position = writer_position;
    head_seen = head;
    do
    :: /* What comes next? */
       if
       :: goes_on(kind) -> kind = MORE; length = LONGEST
       :: goes_on(kind) -> kind = LAST; length = 1
       :: !goes_on(kind) -> kind = FIRST; length = 0
       :: !goes_on(kind) -> kind = WHOLE; if :: length = 0 :: length = 1 :: length = LONGEST fi
       :: !goes_on(kind) && me == 0 ->
#ifdef BUG_MOVE_BEFORE_POSITION
          writing_end = 1;
          writer_position = position;
#else
          writer_position = position;
          writing_end = 1;
#endif
          break
       fi;

       /* Room for it, or nobody there to make room. */
       do
       :: room -> break
       :: !room && head != head_seen -> head_seen = head
       :: !room && head == head_seen && gone[reading_end] ->
          owner = reading_end;
          if
          :: gone[owner] && reading_end == owner -> goto broken
          :: else
          fi
       od;

       number = committed;
#ifdef BUG_COMMIT_FIRST
       ring[at(plus(position, 1 + length))] = 0;
       commit();
#elif defined(BUG_NO_ZERO)
#else
       ring[at(plus(position, 1 + length))] = 0;
#endif
       i = 0;
       do
       :: i < length -> d_step { ring[at(plus(position, 1 + i))] = payload(number, i); i++ }
       :: else -> break
       od;
       skip;
#ifndef BUG_COMMIT_FIRST
       commit();
#endif
       d_step { position = plus(position, 1 + length); length = 0; number = 0 }
    od;
broken:
    skip
  } unless { gone[me] };
  atomic { position = 0; head_seen = 0; length = 0; i = 0; owner = 0; kind = 0; number = 0 }
}

proctype reader(byte me) {
  byte position, found, i, owner, unpublished;
  bool partial;
  {
    partial = false;
end_waits_for_the_end:
    reading_end == me;
    position = head;
    do
    :: look();
       if
       :: found != 0 ->
          assert(taken != committed && found == sent[taken]);
          assert(partial == (kind_of(found) == MORE || kind_of(found) == LAST));
#ifdef BUG_FREE_BEFORE_READ
          head = plus(position, 1 + length_of(found));
#endif
          do
          :: i < length_of(found) ->
             d_step {
               assert(ring[at(plus(position, 1 + i))] == payload(taken, i));
               ring[at(plus(position, 1 + i))] = JUNK;
               i++
             }
          :: else -> take(); break
          od;
          if
          :: unpublished == LAZY -> publish()
          :: else
          fi;
          if
          :: me == 2 && !partial ->
             head = position;
             reading_end = 3;
             break
          :: true
          fi

       :: else ->
          publish();
          ring[at(position)] != 0 || gone[writing_end];
          owner = writing_end;
          if
          :: gone[owner] ->
             /* A dead process gives nothing away: if the end is still its own now, nobody will ever write again.
              * It may have written since the ring was found empty. */
#ifndef BUG_OWNER_ONCE
             if
             :: writing_end == owner ->
#endif
#ifndef BUG_NO_SECOND_LOOK
                if
                :: ring[at(position)] == 0 ->
#endif
                   /* End of the stream. */
                   assert(taken == committed);
                   assert(partial == cut_off);
                   break
#ifndef BUG_NO_SECOND_LOOK
                :: else
                fi
#endif
#ifndef BUG_OWNER_ONCE
             :: else
             fi
#endif
          :: else
          fi
       fi;
       d_step { found = 0; owner = 0 }
    od
  } unless { gone[me] };
  atomic { position = 0; found = 0; i = 0; owner = 0; unpublished = 0; partial = false }
}

active proctype killer() {
end_everybody_is_dead:
  do
  :: !gone[0] -> gone[0] = true
  :: !gone[2] -> gone[2] = true
  :: writing_end == 1 && !gone[1] -> gone[1] = true
  :: reading_end == 3 && !gone[3] -> gone[3] = true
  od
}

init {
  atomic { run writer(0); run writer(1); run reader(2); run reader(3) }
}
