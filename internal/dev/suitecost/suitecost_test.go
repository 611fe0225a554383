package suitecost

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/dev/jsonlines"
)

// TestMain runs the tests, or acts as a measure.
func TestMain(m *testing.M) {
	if code, measured := Measured(os.Args[1:]); measured {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// Programs are measured, with their exit codes; asking a tool for its version is no use of it.
func TestMeasured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cost.jsonl")
	t.Setenv(fileEnv, file)
	for _, args := range [][]string{{"/bin/sh", "-c", "exit 7"}, {"/bin/sh", "-c", "exit 0", "-V=full"}} {
		if code, measured := Measured(args); !measured || code != map[bool]int{true: 7}[len(args) == 3] {
			t.Errorf("%q: %d %v", args, code, measured)
		}
	}
	all, err := jsonlines.Read[line](file)
	if err != nil || len(all) != 1 || all[0].Kind != "sh" || all[0].Wall <= 0 {
		t.Errorf("%+v %v", all, err)
	}
	for _, args := range [][]string{nil, {"-test.v"}} {
		if _, measured := Measured(args); measured {
			t.Errorf("measured %q", args)
		}
	}
	if none, err := jsonlines.Read[line](file + ".none"); err != nil || none != nil {
		t.Errorf("%v %v", none, err)
	}
}

// The dearest test binaries come first, and the others are only in the sum.
func TestWrite(t *testing.T) {
	var out strings.Builder
	write(&out, "test", "/zklab", 90*time.Second, []line{
		{Kind: "compile", Processor: 30 * time.Second},
		{Kind: "link", Processor: 20 * time.Second},
		{Kind: "asm", Processor: time.Second},
		{Kind: "test", Name: "/zklab/link", Processor: 5 * time.Second, Wall: 6 * time.Second, Memory: 7e6},
		{Kind: "test", Name: "/zklab/cli", Processor: 50 * time.Second, Wall: 60 * time.Second, Memory: 70e6},
		{Kind: "test", Name: "/zklab/store", Processor: time.Second},
	}, 2)
	want := `test: 90 s; processor: compilers 30 s, linkers 20 s, other tools 1 s, 3 test binaries 56 s
  cli   processor 50.0 s  wall 60.0 s  70 MB
  link  processor 5.0 s   wall 6.0 s   7 MB
`
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}

// Long are tests that took a second or more, without their parts.
func TestLongTests(t *testing.T) {
	events := `{"Action":"pass","Package":"p","Test":"TestShort","Elapsed":0.9}
{"Action":"pass","Package":"p","Test":"TestLong/part","Elapsed":3}
{"Action":"pass","Package":"p","Test":"TestLong","Elapsed":4}
{"Action":"pass","Package":"q","Test":"TestAlso","Elapsed":1}
{"Action":"pass","Package":"p","Elapsed":5}
`
	if names, err := longTests(strings.NewReader(events)); err != nil || !slices.Equal(names, []string{"TestAlso", "TestLong"}) {
		t.Errorf("%q, %v", names, err)
	}
	for _, wrong := range []string{`{"Action":"fail","Package":"p","Test":"TestLong"}`, "ok p"} {
		if _, err := longTests(strings.NewReader(wrong)); err == nil {
			t.Errorf("%s is fine", wrong)
		}
	}
}
