package faults_test

import (
	"testing"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/link"
)

// Faults of clients, their sessions and znodes have on real servers the effects
// that they have on embedded ones.
func TestClientFaultsOnContainers(t *testing.T) {
	dockertest.Long(t) // each is also one of embedded servers
	e := dockertest.Ensemble(t, 3)
	for name, test := range map[string]func(*lab){
		"expire":               expires,
		"silence":              silences,
		"duplicate":            duplicated,
		"cut":                  func(l *lab) { endsConnections(l, faults.Cut{Who: faults.Holder}) },
		"reset":                func(l *lab) { endsConnections(l, faults.Reset{Who: faults.Holder}) },
		"refuse":               refused,
		"stall-link":           func(l *lab) { stalled(l, link.Both) },
		"stall-link:to-server": func(l *lab) { stalled(l, link.ToServer) },
		"stall-link:to-client": func(l *lab) { stalled(l, link.ToClient) },
		"slow-link":            slowed,
		"move":                 moved,
		"lose-reply":           func(l *lab) { loses(l, faults.LoseReply{Op: "create", Who: faults.TheClient(0)}, 1) },
		"lose-request":         func(l *lab) { loses(l, faults.LoseRequest{Op: "create", Who: faults.TheClient(0)}, 0) },
		"late-event":           lateEvents,
		"foreign":              foreignChildren,
		"touch":                touchedContenders,
		"acl":                  deniedRights,
		"recreate":             recreatedFolder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, e, 3)
			defer l.close()
			test(l)
		})
	}
}
