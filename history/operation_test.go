package history

import (
	"testing"
	"time"
)

func TestOperations(t *testing.T) {
	h := mustRead(t, lines(
		op(1, 0, 0, "invoke", "acquire"),
		op(2, 1, 1, "invoke", "confirm"),
		`"time":3,"process":"session","client":0,"type":"info","f":"expired"`,
		op(4, 1, 1, "ok", "confirm"),
		op(5, 0, 0, "info", "acquire"),
		op(6, 2, 0, "invoke", "release")+`,"intended":4`,
	))
	ops := h.Operations()
	type line struct {
		process         Process
		f               string
		outcome         Type
		began, intended time.Duration
		returned        int
	}
	want := []line{
		{0, "acquire", Info, 1, 1, 5},
		{1, "confirm", OK, 2, 2, 4},
		{2, "release", Info, 6, 4, -1},
	}
	if len(ops) != len(want) {
		t.Fatalf("%d operations, want %d", len(ops), len(want))
	}
	for i, o := range ops {
		got := line{o.Process, o.F, o.Outcome(), o.Began(), o.Intended(), -1}
		if o.Return != nil {
			got.returned = o.Return.Index
		}
		if got != want[i] {
			t.Errorf("operation %d is %+v, want %+v", i, got, want[i])
		}
	}
}

func TestIDKeepsAll64Bits(t *testing.T) {
	for id, text := range map[ID]string{1: `"0x1"`, -1: `"0xffffffffffffffff"`, 1<<62 + 1: `"0x4000000000000001"`} {
		b, err := id.MarshalJSON()
		var back ID
		if err != nil || string(b) != text || back.UnmarshalJSON(b) != nil || back != id {
			t.Errorf("%d is %s and back %d (%v)", int64(id), b, int64(back), err)
		}
	}
	for _, text := range []string{`12`, `"12"`, `"0x"`, `"0xg"`, `"0x10000000000000000"`, `""`} {
		if new(ID).UnmarshalJSON([]byte(text)) == nil {
			t.Errorf("%s is no ID", text)
		}
	}
}
