// Package unseen lists ways in which an experiment checks nothing, for tests of the front doors: what no check
// saw must not come out as valid.
package unseen

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Way is a way in which an experiment checks nothing.
type Way struct {
	Name   string
	Recipe string   // "" means lock
	Flags  []string // of zklab run and of each run of zklab sweep, as --name=value
	Small  []string // of a scenario of zklab explore that checks nothing either; nil if there is none
	Says   string   // a pattern for what was not seen, in an output without line breaks
}

// Ways lists all ways.
var Ways = []Way{
	{
		Name: "the fault comes too late", Flags: []string{"--faults=kill:leader", "--fault-interval=10s", "--time-limit=2s"}, Says: `kill`,
	},
	{
		Name:  "no turn for one of two faults",
		Flags: []string{"--faults=kill,cut", "--fault-interval=1s", "--time-limit=1500ms"}, Says: `kill|cut`,
	},
	{
		Name:  "the seeds draw other faults",
		Flags: []string{"--swarm=true", "--faults=kill,cut,pause,expire,restart", "--fault-interval=300ms", "--time-limit=500ms"}, Says: `kill|cut|pause|expire|restart`,
	},
	{
		Name:  "the fault takes no effect, since no client asks so",
		Flags: []string{"--faults=lose-reply:setACL/1s", "--time-limit=3s"}, Says: `lose-reply`,
	},
	{
		Name: "the fault finds no target", Recipe: "counter",
		Flags: []string{"--faults=expire:next/1s", "--time-limit=5s"}, Says: `took effect: expire|found no target|expire:next was asked for and never took effect|before expire took effect`,
	},
	{
		Name: "no message for the fault", Recipe: "counter", Flags: []string{"--faults=late-event/1s", "--time-limit=3s"},
		Small: []string{"--faults=late-event", "--clients=1", "--ops=1"}, Says: `late-event`,
	},
	{
		Name:  "no such fault here",
		Flags: []string{"--clients-as=goroutine", "--faults=freeze", "--time-limit=2s"}, Small: []string{"--clients-as=goroutine", "--faults=freeze"},
		Says: `freeze is not available|the fault "freeze"`,
	},
	{
		Name: "the load is too short", Flags: []string{"--time-limit=1ns"}, Small: []string{"--time-limit=1ns"},
		Says: `0 operations succeeded|load was too short`,
	},
	{
		Name: "the load is too short, without a minimal load", Flags: []string{"--time-limit=1ns", "--min-load=0"},
		Says: `load was too short`,
	},
	{
		Name: "too few operations", Flags: []string{"--ops=1", "--time-limit=2s"}, Says: `no key had more than|operations? succeeded|acquires met a holder`,
	},
	{
		Name: "no contention", Flags: []string{"--keys=40", "--rate=10", "--time-limit=2s", "--min-load=10"}, Says: `exclusion|no key had more`,
	},
	{
		Name: "contention only after the heal", Flags: []string{"--keys=100", "--rate=5", "--min-load=1", "--faults=expire,kill:leader", "--fault-interval=2s", "--time-limit=6s"}, Says: `exclusion`,
	},
	{
		Name:  "half of the clients dead",
		Flags: []string{"--clients=2", "--keys=1", Processes, "--faults=freeze:waiter@1500ms+100s", "--time-limit=8s"}, Says: `exclusion`,
	},
	{
		Name:  "calls that never return, since a dead client holds the lock",
		Flags: []string{"--keys=1", "--faults=refuse:holder@1500ms+100s", "--session-timeout=40s", "--op-timeout=100s", "--time-limit=5s"},
		Says:  `no operation of the load succeeded|no answer after`,
	},
	{
		Name: "one client", Flags: []string{"--clients=1", "--time-limit=3s"}, Small: []string{"--clients=1", "--ops=1"}, Says: `exclusion`,
	},
	{
		Name: "no answer is compared", Recipe: "membership", Flags: []string{"--clients=1", "--time-limit=2s"},
		Says: `showed a member of another client|too few members that joined or left`,
	},
	{
		Name:  "every call is refused",
		Flags: []string{"--faults=refuse:all@1ms+100s", "--keys=1", "--time-limit=3s", "--min-load=0"}, Says: `no operation of the load succeeded|acquires met a holder`,
	},
	{
		Name: "every call is refused from a later moment on", Flags: []string{"--faults=refuse:all@3s+100s", "--keys=1", "--time-limit=6s"},
		Says: `no operation of the load succeeded|no answer after`,
	},
	{
		Name: "the only server never comes back", Flags: []string{"--faults=kill@2s+100s", "--nodes=1", "--keys=1", "--time-limit=5s"},
		Small: []string{"--faults=kill", "--nodes=1", "--clients=2", "--ops=2", "--time-limit=500ms"}, Says: `[Nn]o operation of the load succeeded|no answer after`,
	},
	{
		Name: "every operation has an unknown outcome", Flags: []string{"--op-timeout=1ns", "--time-limit=2s"},
		Small: []string{"--op-timeout=1ns", "--clients=2", "--ops=1"}, Says: `succeeded|not healthy|every acquire failed`,
	},
	{
		Name: "the store cannot be written", Flags: []string{"--time-limit=2s", "--out=/proc/store"},
		Small: []string{"--clients=1", "--ops=1", "--out=/proc/store"}, Says: `/proc/store`,
	},
}

// Processes is the flag of clients in processes, which tests in Go play, in simulations.
const Processes = "--clients-as=process"

// Of returns the recipe of a way.
func (w Way) Of() string { return cmp.Or(w.Recipe, "lock") }

// Without returns the flags without those that have one of the names.
func Without(flags []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(flag string) bool {
		name, _, _ := strings.Cut(flag, "=")
		return slices.Contains(names, name)
	})
}

// Experiment returns the experiment that flags describe, for tests in Go.
func (w Way) Experiment(t *testing.T, flags []string) (x zklab.Experiment) {
	t.Helper()
	var err error
	if x.Workload, err = specimens.Named(w.Of(), workloads.Own); err != nil {
		t.Fatal(err)
	}
	interval, list := settings.Usual().FaultInterval, ""
	for _, flag := range flags {
		switch name, value, _ := strings.Cut(flag, "="); name {
		case "--faults":
			list = value
		case "--fault-interval":
			interval, err = time.ParseDuration(value)
		case "--min-load":
			x.MinLoad, err = strconv.Atoi(value)
			x.MinLoad = cmp.Or(x.MinLoad, -1)
		case "--nodes":
			var nodes int
			nodes, err = strconv.Atoi(value)
			x.Ensemble = embedded.Config{Nodes: nodes, InMemory: true}
		case "--clients-as":
			x.OneProcess, x.PlayProcesses = value == store.Goroutine, flag == Processes
		case "--out":
			x.Out = value
		case "--swarm": // zklab.Sweep always draws
		default:
			err = set(&x, strings.TrimPrefix(name, "--"), value)
		}
		if err != nil {
			t.Fatalf("%s: %v", flag, err)
		}
	}
	if list != "" {
		if x.Faults, err = plan.Parse(list, interval); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// set sets the field of a setting.
func set(x *zklab.Experiment, name, value string) (err error) {
	for _, k := range settings.Knobs {
		if k.Name() != name {
			continue
		}
		switch field := reflect.ValueOf(x).Elem().FieldByName(k.GoName()).Addr().Interface().(type) {
		case *int:
			*field, err = strconv.Atoi(value)
		case *float64:
			*field, err = strconv.ParseFloat(value, 64)
		case *time.Duration:
			*field, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("a setting of type %T", field)
		}
		return err
	}
	return errors.New("no such setting")
}
