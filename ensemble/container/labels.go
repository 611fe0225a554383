package container

import (
	crand "crypto/rand"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/moby/moby/client"

	"github.com/zklab/zklab/internal/base/owner"
)

// The labels of all containers, networks and volumes that a run makes.
const (
	labelZklab  = "zklab"        // always "run"
	labelRun    = "zklab.run"    // the run's id
	labelServer = "zklab.server" // the server's id; containers of servers only
	labelPID    = "zklab.owner.pid"
	labelStart  = "zklab.owner.start"
	labelHost   = "zklab.owner.host"
	labelBoot   = "zklab.owner.boot"
	labelPidNS  = "zklab.owner.pidns"
	labelMade   = "zklab.made" // when, for people
)

// run identifies one Start in the labels of everything that it makes.
type run struct {
	id    string
	owner owner.Process
	made  time.Time
	rng   *rand.Rand
}

func newRun() run {
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	return run{
		id:    hex.EncodeToString(seed[:6]),
		owner: owner.Self(),
		made:  time.Now(),
		rng:   rand.New(rand.NewChaCha8(seed)),
	}
}

// labels returns the labels of a server's container, or of anything else when id is 0.
func (r run) labels(id int) map[string]string {
	labels := map[string]string{
		labelZklab: "run",
		labelRun:   r.id,
		labelPID:   strconv.Itoa(r.owner.PID),
		labelStart: r.owner.Start,
		labelHost:  r.owner.Host,
		labelBoot:  r.owner.Boot,
		labelPidNS: r.owner.PidNS,
		labelMade:  r.made.UTC().Format(time.RFC3339),
	}
	if id > 0 {
		labels[labelServer] = strconv.Itoa(id)
	}
	return labels
}

// ownerOf reads the owner from labels.
func ownerOf(labels map[string]string) owner.Process {
	pid, _ := strconv.Atoi(labels[labelPID])
	return owner.Process{
		PID: pid, Start: labels[labelStart],
		Host: labels[labelHost], Boot: labels[labelBoot], PidNS: labels[labelPidNS],
	}
}

// ofRun finds what one run made, and ofZklab what all runs made.
func ofRun(id string) client.Filters { return make(client.Filters).Add("label", labelRun+"="+id) }
func ofZklab() client.Filters        { return make(client.Filters).Add("label", labelZklab+"=run") }
