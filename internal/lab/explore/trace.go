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

// trace is what pairs need to know of a run with at most one fault: its moments, which are those
// before and after each message, in their order.
type trace struct {
	at map[link.Point]moment
	// did stands for what each client was told, which of its requests reached a server, and what its
	// operations came to, each in its order, without times.
	did uint64
}

// moment is how far a run has come. All numbers are of what happened before it.
type moment struct {
	order int
	// Of the client: requests that it has sent, those of them that reached a server and do not only
	// read, messages that it has received, and handshakes.
	sent, arrived, received, connects int
	// Of all other clients: moments of messages that do not only read, and all moments.
	writing, others int
	// toClient is true before a message from the server.
	toClient bool
}

// traceOf reads the messages of a run, in their order. done stands for what the operations came to.
func traceOf(messages []link.Message, done uint64) *trace {
	delivered := delivered(messages)
	t := &trace{at: make(map[link.Point]moment, len(messages)), did: didOf(messages, delivered, done)}
	c := counter{of: map[int]*moment{}, reads: map[link.Point]bool{}}
	for i, m := range messages {
		if p := m.Point; delivered[i] && toClient(p) { // if it came together with the next one, nothing was told of this
			p.After = true
			t.at[p] = moment{order: unknown}
		}
		t.at[m.Point] = c.next(i, m)
	}
	return t
}

// unknown is the order of a moment of which only that it comes is known.
const unknown = -1

// toClient reports whether a message goes from a server to a client.
func toClient(p link.Point) bool { return p.Reply || p.Message == link.Event }

// counter counts what the moments of a run have before them.
type counter struct {
	of             map[int]*moment     // of each client: its own numbers, and its moments that others count
	reads          map[link.Point]bool // messages that only read
	writing, total int                 // of all clients
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
	now.order, now.toClient = i, !request && !m.Point.After
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

// before reports which of two moments the run comes to first: -1 for p, 1 for q, and 0 if that is not known.
func (t *trace) before(p, q link.Point) int {
	a, hasA := t.at[p]
	b, hasB := t.at[q]
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

// delivered says of each message whether it reached its receiver, as far as that can matter: a request
// that only reads, and whose reply did not reach the client, might as well not have been sent.
func delivered(messages []link.Message) []bool {
	all := make([]bool, len(messages))
	gone := map[link.Point]bool{} // messages that went on
	for _, m := range messages {
		if p := m.Point; p.After {
			p.After = false
			gone[p] = true
		}
	}
	read := map[int]bool{}            // by client: it has received this message or a later one
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
				read[p.Client] = false // what is before was of another connection
			}
		}
	}
	return all
}
