package wire

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRequestsRoundTrip(t *testing.T) {
	for op, generator := range requests() {
		t.Run(op.String(), rapid.MakeCheck(func(t *rapid.T) {
			want := generator.Draw(t, "request")
			record := AppendRequest([]byte("before"), op, want)[len("before"):]
			for name, b := range map[string][]byte{"alone": record, "more behind it": append(record[:len(record):len(record)], 9, 9, 9)} {
				got, err := DecodeRequest(op, b)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Fatalf("%s: %v, -want +got\n%s", name, err, diff)
				}
			}
			for n := range record {
				if got, err := DecodeRequest(op, record[:n]); !errors.Is(err, ErrShort) || got != nil {
					t.Fatalf("cut off at %d: %+v, %v", n, got, err)
				}
			}
		}))
	}
}

// Java's server (Request.isValid) accepts check only within a multi.
func TestUnknownOps(t *testing.T) {
	known := requests()
	for op := range opNames {
		record := make([]byte, 100)
		if _, err := DecodeRequest(op, record); errors.Is(err, ErrUnknownOp) == (known[op] != nil) {
			t.Errorf("%s: %v", op, err)
		}
	}
	for _, op := range []Op{Check, Notification, CreateSession, ErrorOp, 10, 77} {
		if got, err := DecodeRequest(op, nil); !errors.Is(err, ErrUnknownOp) || got != nil {
			t.Errorf("%s: %v, %v", op, got, err)
		}
	}
}

func TestNullInRequests(t *testing.T) {
	null := AppendInt(nil, -1)
	nulls := func(n int) (b []byte) {
		for range n {
			b = append(b, null...)
		}
		return b
	}
	zero := make([]byte, 8)
	for op, c := range map[Op]struct {
		record []byte
		want   any
	}{
		Create:      {append(nulls(3), 0, 0, 0, 1), &CreateRequest{Mode: Ephemeral}},
		SetData:     {append(nulls(2), 0, 0, 0, 1), &SetDataRequest{Version: 1}},
		SetACL:      {append(nulls(2), 0, 0, 0, 1), &SetACLRequest{Version: 1}},
		Sync:        {null, &PathRequest{}},
		Delete:      {nulls(2), &VersionRequest{Version: -1}},
		Auth:        {nulls(3), &AuthRequest{Type: -1}},
		SetWatches:  {append(zero, nulls(3)...), &SetWatchesRequest{}},
		SetWatches2: {append(zero, nulls(5)...), &SetWatchesRequest{}},
	} {
		got, err := DecodeRequest(op, c.record)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", op, err, diff)
		}
	}
	// A read of a null path is invalid.
	for _, op := range []Op{Exists, GetData, GetChildren, GetChildren2, GetACL, GetAllChildrenNumber} {
		if got, err := DecodeRequest(op, append(null[:4:4], 1)); err == nil {
			t.Errorf("%s: %+v", op, got)
		}
	}
	// Java's decoder takes every other negative length for an empty list.
	record := append(zero, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
	got, err := DecodeRequest(SetWatches, record)
	want := &SetWatchesRequest{Data: []string{}, Exist: []string{}}
	if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
		t.Errorf("length -2: %v %s", err, diff)
	}
	// Nil lists are sent as empty ones.
	if got, _ := DecodeRequest(SetWatches, AppendRequest(nil, SetWatches, &SetWatchesRequest{})); got.(*SetWatchesRequest).Data == nil {
		t.Error("an empty list was sent as null")
	}
}

func TestTTLBeyondADuration(t *testing.T) {
	const most = (1<<63 - 1) / time.Millisecond * time.Millisecond
	for ms, want := range map[int64]time.Duration{
		1 << 40: 1 << 40 * time.Millisecond, 1<<63 - 1: most, -1 << 63: -most, -1: -time.Millisecond,
	} {
		record := AppendLong(AppendRequest(nil, Create, &CreateRequest{}), ms)
		if got, err := DecodeRequest(CreateTTL, record); err != nil || got.(*CreateRequest).TTL != want {
			t.Errorf("%d ms: %+v, %v, want %v", ms, got, err, want)
		}
	}
}

func TestAppendRequestRefusesWhatIsNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	AppendRequest(nil, Create, "/a")
}
