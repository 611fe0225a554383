package container

import (
	"errors"
	"strings"
	"testing"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/must"
)

func TestHelperImageChoice(t *testing.T) {
	for _, test := range []struct{ config, env, want string }{
		{"", "", localImage},
		{"", "a:1", "a:1"},
		{"b:2", "a:1", "b:2"},
	} {
		t.Setenv(helperVariable, test.env)
		if got := (Config{HelperImage: test.config}).helperImage(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// A sketch shows what containers offer in principle, and does nothing.
func TestSketch(t *testing.T) {
	e := must.Get(Config{}.Sketch())(t)
	for _, a := range []ensemble.Ability{ensemble.CanPartition, ensemble.CanDelay, ensemble.CanLose, ensemble.CanFillDisk, ensemble.CanShiftClock, ensemble.CanLosePower} {
		if err := e.(ensemble.Limited).Lacks(a); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	s := e.Servers()[0].(ensemble.Stopper)
	for _, err := range []error{s.Kill(t.Context()), s.Start(t.Context()), e.(ensemble.Partitioner).Cut(t.Context(), 1, 2)} {
		if !errors.Is(err, errSketch) {
			t.Errorf("error %v", err)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestPrepareKeepsTheConfigurationItCameFrom(t *testing.T) {
	plain := Config{Nodes: 5}
	with := plain.Prepare(ensemble.CanPartition).(Config).Prepare(ensemble.CanFillDisk).(Config)
	again := with.Prepare(ensemble.CanPartition).(Config)
	if len(plain.Abilities) != 0 || len(with.Abilities) != 2 || len(again.Abilities) != 2 || again.Nodes != 5 {
		t.Errorf("%v, %v, %v", plain, with, again)
	}
}

// Servers have a library if that was asked for, and if their image has it.
func TestLibraryChoice(t *testing.T) {
	for _, l := range libraries {
		with := picked{labels: map[string]string{l.label: "x"}}
		asked := Config{}.Prepare(l.ability).(Config)
		if err := (Config{}).lacks(with)[l.ability]; !errors.Is(err, l.absent) {
			t.Errorf("%s, not asked for: %v", l.ability, err)
		}
		if err := asked.lacks(picked{name: "zookeeper:3.9"})[l.ability]; err == nil || !strings.Contains(err.Error(), "image zookeeper:3.9 cannot "+l.refused+": run ") {
			t.Errorf("%s, an image without: %v", l.ability, err)
		}
		if err := asked.lacks(with)[l.ability]; err != nil {
			t.Error(err)
		}
	}
}

// A server's answer to cons has a line for each connection; only one with a session says when it was made.
func TestEstablished(t *testing.T) {
	const answer = " /172.17.0.1:38960[0](queued=0,recved=1,sent=0)\n" +
		" /172.17.0.1:38922[1](queued=0,recved=2,sent=2,sid=0x100000c6b2c0001,lop=PING,est=1795980000123,to=4000,lcxid=0x0,lzxid=0xffffffffffffffff,lresp=1,llat=0,minlat=0,avglat=0,maxlat=1)\n" +
		" /172.17.0.1:38928[1](queued=0,recved=1,sent=1,sid=0xf00000c6b2c0002,lop=SESS,est=1795983600456,to=4000,lcxid=0x0,lzxid=0x7,lresp=2,llat=0,minlat=0,avglat=0,maxlat=1)\n"
	for session, want := range map[int64]int64{0x100000c6b2c0001: 1795980000123, 0xf00000c6b2c0002: 1795983600456} {
		if made, err := established(answer, session); err != nil || made.UnixMilli() != want {
			t.Errorf("session %#x: %v, %v", session, made.UnixMilli(), err)
		}
	}
	if _, err := established(answer, 7); err == nil {
		t.Error("a session that is not there")
	}
}
