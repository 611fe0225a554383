package explore

import "github.com/zklab/zklab/link"

// said identifies a message without its number in the operation: its client, the operation, and the
// contents.
type said struct {
	client    int
	operation string
	nth       int
	message   string
	reply     bool
	content   uint64
}

func saidBy(m link.Message) said {
	p := m.Point
	return said{p.Client, p.Operation, p.Nth, p.Message, p.Reply, m.Content}
}

// implied returns the points that differ from an earlier one only by the round of a polling loop.
// messages holds the messages of all clients, in their order.
//
// A message changes something if [link.Message.Changes] reports so, or if its client has not sent, or
// received, the same in this operation before. Between two changes all clients only repeat themselves and get
// the same answers: only the time differs from one round to the next. Of the equal messages of a client
// between two changes, the first and the last are tried, since something else happens before or after them,
// and those between are implied.
func implied(messages []link.Message) map[link.Point]bool {
	all := map[link.Point]bool{}
	known := map[said]bool{}
	latest := map[said]link.Point{} // since the last change: the latest point of each message, which may be the last one
	first := map[said]bool{}        // since the last change
	for _, m := range messages {
		if m.Point.After {
			continue
		}
		key := saidBy(m)
		if m.Changes || !known[key] {
			known[key] = true
			clear(latest)
			clear(first)
			continue
		}
		if !first[key] {
			first[key] = true
			continue
		}
		if p, ok := latest[key]; ok {
			all[p] = true
		}
		latest[key] = m.Point
	}
	return all
}
