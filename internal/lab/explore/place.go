package explore

import (
	"github.com/zklab/zklab/faults/kinds"
)

// place is where a fault hits a run, as far as it matters to the effect: two faults at the same place
// of one run have the same effect, except for times. It is comparable.
//
// What a fault does to a client depends on what the client has been told, on which of its requests have
// reached a server, and on what the other clients have done until then. Requests that only read change
// nothing on a server except the watches of their connection, and the faults below end that connection.
type place struct {
	effect string // the effect of the fault; "" if it is unknown
	alone  single // the single itself, if the effect is unknown
	client int
	// counts holds the counts of [moment] that matter to the effect.
	counts [4]int32
}

// The effects of faults beyond their message.
const (
	endsConnection = "ends the connection"
	endsSession    = "ends the session"
	endsProcess    = "ends the process"
	stopsProcess   = "stops the process"
	stopsServer    = "stops the server"
)

// effects lists the effects of the kinds of faults whose effect does not depend on the message.
var effects = map[string]string{
	kinds.LoseRequest.Name: endsConnection,
	kinds.LoseReply.Name:   endsConnection,
	kinds.Cut.Name:         endsConnection,
	kinds.Expire.Name:      endsSession,
	kinds.Crash.Name:       endsProcess,
	kinds.Freeze.Name:      stopsProcess,
	kinds.Kill.Name:        stopsServer,
}

// placeOf returns the place of a single in a run.
func (t *trace) placeOf(s single) place {
	m, ok := t.at(s.point)
	effect := effects[s.fault.Kind()]
	if !ok || m.order == unknown || effect == "" {
		return place{alone: s}
	}
	at := place{effect: effect, client: s.point.Client}
	switch effect {
	case endsConnection, endsSession:
		at.counts = [4]int32{m.sent, m.arrived, m.received, m.writing}
	case endsProcess: // a process that has ended no longer knows what it sent in vain
		at.counts = [4]int32{m.arrived, m.received, m.writing}
	case stopsProcess: // what a stopped process has sent still arrives
		at.counts = [4]int32{m.sent, m.received, m.writing}
	case stopsServer:
		at.effect = s.fault.Spec() // which fault it is
		if m.toClient {
			m.received++ // the message is on its way, and no longer needs the server
		}
		at.counts = [4]int32{m.connects, m.arrived, m.received, m.others}
	}
	return at
}
