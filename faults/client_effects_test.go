package faults_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/link"
)

// clientTest describes what the faults of clients, their sessions and znodes do to a lab of three
// clients.
type clientTest struct {
	run func(*lab)
	// measures means that the test measures times of connections that no other fault slows.
	measures bool
}

var clientTests = map[string]clientTest{
	"expire":               {run: expires},
	"silence":              {run: silences, measures: true},
	"duplicate":            {run: duplicated, measures: true},
	"cut":                  {run: func(l *lab) { endsConnections(l, faults.Cut{Who: faults.Holder}) }},
	"reset":                {run: func(l *lab) { endsConnections(l, faults.Reset{Who: faults.Holder}) }},
	"refuse":               {run: refused},
	"stall-link":           {run: func(l *lab) { stalled(l, link.Both) }, measures: true},
	"stall-link:to-server": {run: func(l *lab) { stalled(l, link.ToServer) }, measures: true},
	"stall-link:to-client": {run: func(l *lab) { stalled(l, link.ToClient) }, measures: true},
	"slow-link":            {run: slowed, measures: true},
	"move":                 {run: moved, measures: true},
	"lose-reply":           {run: func(l *lab) { loses(l, faults.LoseReply{Op: "create", Who: faults.TheClient(0)}, 1) }},
	"lose-request":         {run: func(l *lab) { loses(l, faults.LoseRequest{Op: "create", Who: faults.TheClient(0)}, 0) }},
	"late-request":         {run: heldBack, measures: true}, // measures how long a write may be held back
	"late-event":           {run: lateEvents},
	"foreign":              {run: foreignChildren},
	"touch":                {run: touchedContenders},
	"acl":                  {run: deniedRights},
	"recreate":             {run: recreatedFolder},
}

// Faults of clients, their sessions and znodes have their effects even if one server lags far behind
// another.
func TestClientFaultsWhereServersLag(t *testing.T) {
	for name, test := range clientTests {
		if test.measures {
			continue
		}
		for _, spread := range embedded.Spreads {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%s/%s/%d", name, spread, seed+1), func(t *testing.T) {
					cfg := embedded.Config{Latency: 2 * time.Millisecond, Seed: seed + 1, Spread: spread}
					inBubbleOf(t, cfg, 3, test.run)
				})
			}
		}
	}
}
