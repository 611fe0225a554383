package explore

import (
	"cmp"
	"encoding/binary"
	"hash"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/zklab/zklab/link"
)

// trace holds what pairs need to know about a run with at most one fault: its moments, before and after each
// message, in their order. There are as many traces as single faults, and they stay, so they have no pointers for
// the garbage collector to follow.
type trace struct {
	numbers *numbers
	// points are the numbers of the moments' points, in rising order, and moments are these moments.
	points  []int32
	moments []moment
	// did is a hash of what each client was told, which of its requests reached a server, and the
	// outcomes of its operations, each in order, without times.
	did uint64
}

// numbers numbers points, the same way in all traces.
type numbers struct{ of map[link.Point]int32 }

func (n *numbers) number(p link.Point) int32 {
	number, ok := n.of[p]
	if !ok {
		number = int32(len(n.of))
		n.of[p] = number
	}
	return number
}

// moment is how far a run has come. All numbers count what happened before the moment.
type moment struct {
	order int32
	// Of the client: the requests that it has sent, those that reached a server and do not only
	// read, the messages that it has received, and its handshakes.
	sent, arrived, received, connects int32
	// Of all other clients: moments of messages that do not only read, and all moments.
	writing, others int32
	// toClient is true before a message from the server.
	toClient bool
}

// traceOf reads the messages of a run, in their order. done is a hash of the outcomes of the
// operations.
func traceOf(messages []link.Message, done uint64, numbers *numbers) *trace {
	delivered := delivered(messages)
	at := make(map[int32]moment, len(messages))
	c := counter{of: map[int]*moment{}, reads: map[link.Point]bool{}}
	for i, m := range messages {
		if p := m.Point; delivered[i] && toClient(p) { // the moment after it; it is unknown if the message arrived together with the next one
			p.After = true
			at[numbers.number(p)] = moment{order: unknown}
		}
		at[numbers.number(m.Point)] = c.next(i, m)
	}
	t := &trace{numbers: numbers, points: slices.Sorted(maps.Keys(at)), did: didOf(messages, delivered, done)}
	t.moments = make([]moment, len(t.points))
	for i, number := range t.points {
		t.moments[i] = at[number]
	}
	return t
}

// at returns the moment of a point. ok is false if the run does not reach it.
func (t *trace) at(p link.Point) (m moment, ok bool) {
	number, ok := t.numbers.of[p]
	if !ok {
		return m, false
	}
	i, ok := slices.BinarySearch(t.points, number)
	switch {
	case !ok:
		return m, false
	case t.moments == nil:
		return moment{order: unknown}, true
	}
	return t.moments[i], true
}

// forget drops the moments, and keeps only the points.
func (t *trace) forget() { t.moments = nil }

// unknown is the order of a moment that certainly comes, but whose order is not known.
const unknown = -1

// toClient reports whether a message goes from a server to a client.
func toClient(p link.Point) bool { return p.Reply || p.Message == link.Event }

// counter counts what happened before each moment of a run.
type counter struct {
	of             map[int]*moment     // by client: its own numbers, and the number of its moments that other clients count
	reads          map[link.Point]bool // messages that only read
	writing, total int32               // of all clients
}

func (c *counter) next(i int, m link.Message) moment {
	p := m.Point
	own := c.of[p.Client]
	if own == nil {
		own = &moment{}
		c.of[p.Client] = own
	}
	p.After = false
	if !m.Point.After {
		c.reads[p] = m.Reads
	}
	request := !toClient(p)
	switch {
	case request && !m.Point.After:
		own.sent++
	case request && !c.reads[p]:
		own.arrived++
	case !request && m.Point.After:
		own.received++
	}
	now := *own
	now.order, now.toClient = int32(i), !request && !m.Point.After
	now.writing, now.others = c.writing-own.writing, c.total-own.others
	c.total++
	own.others++
	if !c.reads[p] {
		c.writing++
		own.writing++
	}
	if p.Message == link.Connect {
		own.connects++
	}
	return now
}

// before returns which of two points comes first in the run: -1 for p, 1 for q, and 0 if that is not known.
func (t *trace) before(p, q link.Point) int {
	a, hasA := t.at(p)
	b, hasB := t.at(q)
	if !hasA || !hasB || a.order == unknown || b.order == unknown {
		return 0
	}
	return cmp.Compare(a.order, b.order)
}

// didOf hashes what each client did and was told.
func didOf(messages []link.Message, delivered []bool, done uint64) uint64 {
	of := map[int]hash.Hash64{}
	for i, m := range messages {
		if !delivered[i] {
			continue
		}
		h := of[m.Point.Client]
		if h == nil {
			h = fnv.New64a()
			of[m.Point.Client] = h
		}
		_, _ = h.Write([]byte(m.Point.String()))
		writeNumber(h, m.Content)
	}
	all := fnv.New64a()
	writeNumber(all, done)
	for _, client := range slices.Sorted(maps.Keys(of)) {
		writeNumber(all, uint64(client))
		writeNumber(all, of[client].Sum64())
	}
	return all.Sum64()
}

func writeNumber(h hash.Hash64, n uint64) { _, _ = h.Write(binary.BigEndian.AppendUint64(nil, n)) }

// delivered returns for each message whether it reached its receiver, as far as that matters: a
// request that only reads counts as not delivered if its reply did not reach the client.
func delivered(messages []link.Message) []bool {
	all := make([]bool, len(messages))
	gone := map[link.Point]bool{} // messages that were passed on
	for _, m := range messages {
		if p := m.Point; p.After {
			p.After = false
			gone[p] = true
		}
	}
	read := map[int]bool{}            // by client: whether it has received this message or a later one
	answered := map[link.Point]bool{} // requests whose replies it has received
	for i, m := range slices.Backward(messages) {
		p := m.Point
		switch {
		case p.After:
			read[p.Client] = read[p.Client] || toClient(p)
		case toClient(p):
			all[i] = read[p.Client]
			p.Reply = false
			answered[p] = answered[p] || all[i]
		default:
			all[i] = gone[p] && (!m.Reads || answered[p])
			if p.Message == link.Connect {
				read[p.Client] = false // earlier messages were on another connection
			}
		}
	}
	return all
}
