package linear

import (
	"fmt"
	"strconv"
	"strings"
)

// phrase describes an operation in a sentence, with its values as arguments.
type phrase struct {
	act   string // after "the": write of 3
	did   string // after the client: wrote 3
	short string // in a picture: write 3
}

// phrases has the phrases of operations that are always described in the same way.
var phrases = map[code]phrase{
	read:     {"read of %[1]s", "read %[1]s", "read %[1]s"},
	write:    {"write of %[1]s", "wrote %[1]s", "write %[1]s"},
	cas:      {"cas from %[1]s to %[2]s", "changed %[1]s to %[2]s", "cas %[1]s %[2]s"},
	mismatch: {"failed cas from %[1]s to %[2]s", "found that the value was not %[1]s", "cas %[1]s %[2]s"},
	extend:   {"append of %[1]s", "appended %[1]s", "append %[1]s"},
	acquire:  {"acquire", "was granted it", "acquire"},
	release:  {"release", "released it", "release"},
	enqueue:  {"enqueue of %[1]s", "put %[1]s in", "put %[1]s"},
	dequeue:  {"dequeue of %[1]s", "took %[1]s out", "take %[1]s"},
	add:      {"add of %[1]s", "added %[1]s", "add %[1]s"},
	dropped:  {"nothing", "did a nothing", "nothing"},
	drain:    {"drain", "did a drain", "drain"},
	readAll:  {"read of %[1]s elements", "read %[1]s elements", "read %[1]s"},
	generate: {"generate of %[1]s", "was given the id %[1]s", "generate %[1]s"},
	remove:   {"remove of %[1]s", "removed %[1]s", "remove %[1]s"},
	transfer: {"transfer", "made a transfer", "transfer"},
}

// verbs lists the verbs of operations that make a value.
var verbs = map[code]string{write: "write", cas: "cas", extend: "append", enqueue: "enqueue", add: "add"}

// phrase returns the phrase of an operation, with its values.
func (k *object) phrase(i int32) (phrase, []any) {
	o := k.asCalled(i)
	switch {
	case o.code == cas || o.code == mismatch:
		return phrases[o.code], []any{k.value(o.a), k.value(o.b)}
	case o.code == acquire && o.a != 1:
		return phrase{"acquire of %[1]d", "was granted %[1]d permits", "acquire of %[1]d"}, []any{o.a}
	case o.code == release && o.a != 1:
		return phrase{"release of %[1]d", "gave back %[1]d permits", "release of %[1]d"}, []any{o.a}
	case o.code == acquire && o.b != 0:
		return phrase{"acquire with the token %[1]s", "was granted it with the token %[1]s", "acquire: %[1]s"}, []any{k.value(o.b)}
	case o.code == acquire || o.code == release || o.code == drain || o.code == dropped || o.code == transfer:
		return phrases[o.code], nil
	case o.code == dequeue && o.unknown():
		return phrase{"dequeue", "took something", "take"}, nil
	case o.code == dequeue && o.a == 0:
		return phrase{"dequeue that found nothing", "found nothing to take", "take: empty"}, nil
	case o.code == add && k.h.Model.kind.counts && o.b != noResult:
		return phrase{"add of %[1]d with the answer %[2]d", "added %[1]d and was told %[2]d", "add %[1]d"}, []any{o.a, o.b}
	case o.code == readAll && k.h.Model.kind.banks:
		return phrase{"read of %[1]d accounts", "read %[1]d accounts", "read"}, []any{len(k.h.lists[o.a]) / 2}
	case o.code == readAll:
		return phrases[o.code], []any{strconv.Itoa(len(k.h.lists[o.a]))}
	}
	return phrases[o.code], []any{k.seen(o.a)}
}

// act returns an operation after "the": write of 3.
func (k *object) act(i int32) string {
	p, values := k.phrase(i)
	if k.h.Model.kind.lifo {
		p.act = pushed(p.act)
	}
	return fill(p.act, values)
}

// pushed returns a text about a queue with the words of a stack.
func pushed(text string) string {
	return strings.NewReplacer("enqueued", "pushed", "enqueue", "push", "dequeue", "pop").Replace(text)
}

// did describes what the operation's client did: wrote 3.
func (k *object) did(i int32) string {
	p, values := k.phrase(i)
	return fill(p.did, values)
}

// short describes an operation in a word or two, for a picture.
func (k *object) short(i int32) string {
	p, values := k.phrase(i)
	return fill(p.short, values)
}

func fill(text string, values []any) string {
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// seen returns a value that was read or added, for people.
func (k *object) seen(v int32) string {
	if k.h.Model.kind.counts {
		return strconv.Itoa(int(v))
	}
	return k.value(v)
}
