package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	return must.Get(hex.DecodeString(s))(t)
}

func TestReadFrame(t *testing.T) {
	stream := AppendFrame(AppendFrame(nil, []byte("one")), nil)
	r := bytes.NewReader(stream)
	for _, want := range []string{"one", ""} {
		body, err := ReadFrame(r, nil, 0)
		if err != nil || string(body) != want {
			t.Fatalf("got %q, %v, want %q", body, err, want)
		}
	}
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"nothing left":   {nil, io.EOF},
		"cut in length":  {[]byte{0, 0}, io.ErrUnexpectedEOF},
		"cut at body":    {[]byte{0, 0, 0, 9}, io.ErrUnexpectedEOF},
		"cut in body":    {[]byte{0, 0, 0, 9, 1}, io.ErrUnexpectedEOF},
		"negative":       {[]byte{0xff, 0, 0, 0}, ErrFrameSize},
		"above MaxFrame": {AppendInt(nil, MaxFrame+1), ErrFrameSize},
	} {
		if _, err := ReadFrame(bytes.NewReader(c.stream), nil, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestConnectForms(t *testing.T) {
	password := []byte("0123456789abcdef")
	for _, has := range []bool{false, true} {
		req := ConnectRequest{LastZxid: 7, Timeout: 4 * time.Second, Session: 0x1a, Password: password, HasReadOnly: has, ReadOnly: has}
		b := req.Append(nil)
		if want := map[bool]int{false: 44, true: 45}[has]; len(b) != want {
			t.Errorf("request of %d bytes, want %d", len(b), want)
		}
		got, err := DecodeConnectRequest(b)
		if diff := cmp.Diff(req, got); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		res := ConnectResponse{Timeout: 4 * time.Second, Session: 0x1a, Password: password, HasReadOnly: has}
		b = res.Append(nil)
		if want := map[bool]int{false: 36, true: 37}[has]; len(b) != want {
			t.Errorf("response of %d bytes, want %d", len(b), want)
		}
		gotRes, err := DecodeConnectResponse(b)
		if diff := cmp.Diff(res, gotRes); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	}
	refusal := ConnectResponse{Password: make([]byte, PasswordSize)}
	if got, err := DecodeConnectResponse(refusal.Append(nil)); err != nil || !got.Refused() {
		t.Errorf("refusal: %+v, %v", got, err)
	}
	if _, err := DecodeConnectResponse(refusal.Append(nil)[:30]); !errors.Is(err, ErrShort) {
		t.Errorf("cut off: %v", err)
	}
}

// The bytes are written by hand, so that encoder and decoder cannot agree on a mistake.
func TestDecodesWhatClientsSend(t *testing.T) {
	req, err := DecodeConnectRequest(unhex(t, "00000000"+"0000000000000000"+"00000fa0"+"0000000000000000"+"00000010"+"00000000000000000000000000000000"))
	want := ConnectRequest{Timeout: 4 * time.Second, Password: make([]byte, 16)}
	if diff := cmp.Diff(want, req); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	h, record, err := DecodeRequestHeader(unhex(t, "00000001"+"00000001"+"00000002"+"2f61"+"00000001"+"78"+"00000001"+"0000001f"+"00000005"+"776f726c64"+"00000006"+"616e796f6e65"+"00000001"))
	path, err2 := Path(h.Op, record)
	if h != (RequestHeader{Xid: 1, Op: Create}) || path != "/a" || err != nil || err2 != nil {
		t.Errorf("%+v %q %v %v", h, path, err, err2)
	}
	p, _, err := DecodeRequestHeader(unhex(t, "fffffffe"+"0000000b"))
	if p != (RequestHeader{Xid: XidPing, Op: Ping}) || err != nil {
		t.Errorf("ping: %+v %v", p, err)
	}
}

func TestReplyHeader(t *testing.T) {
	h := ReplyHeader{Xid: 5, Zxid: 0x100000007, Err: NoNode}
	got, rest, err := DecodeReplyHeader(append(h.Append(nil), 9))
	if got != h || len(rest) != 1 || err != nil {
		t.Errorf("%+v %v %v", got, rest, err)
	}
	if _, _, err := DecodeReplyHeader(make([]byte, 15)); !errors.Is(err, ErrShort) {
		t.Errorf("cut off: %v", err)
	}
}

// multiOf writes a multi request.
func multiOf(ops ...func([]byte) []byte) []byte {
	var b []byte
	for _, op := range ops {
		b = op(b)
	}
	return multiEnd.append(b)
}

func createRecord(op Op, path string) func([]byte) []byte {
	return func(b []byte) []byte {
		b = multiHeader{Op: op, Err: -1}.append(b)
		b = AppendBuffer(AppendString(b, path), []byte("some data"))
		b = AppendInt(b, 2)
		for range 2 {
			b = AppendString(AppendString(AppendInt(b, 31), "world"), "anyone")
		}
		b = AppendInt(b, 3)
		if op == CreateTTL {
			b = AppendLong(b, 1000)
		}
		return b
	}
}

func versioned(op Op, path string) func([]byte) []byte {
	return func(b []byte) []byte {
		b = AppendString(multiHeader{Op: op, Err: -1}.append(b), path)
		if op == SetData {
			b = AppendBuffer(b, nil)
		}
		return AppendInt(b, -1)
	}
}

func TestPathsOfMulti(t *testing.T) {
	record := multiOf(
		versioned(Check, "/c"), createRecord(Create, "/a/1"), createRecord(CreateContainer, "/a/2"),
		createRecord(CreateTTL, "/a/3"), createRecord(Create2, "/a/4"), versioned(SetData, "/s"), versioned(Delete, "/d"))
	want := []string{"/c", "/a/1", "/a/2", "/a/3", "/a/4", "/s", "/d"}
	got, err := Paths(Multi, record)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if first, err := Path(Multi, record); first != "/c" || err != nil {
		t.Errorf("first %q, %v", first, err)
	}
	for n := range len(record) {
		if got, err := Paths(Multi, record[:n]); err == nil || !cmp.Equal(got, want[:len(got)]) && len(got) > 0 {
			t.Fatalf("cut off at %d: %v, %v", n, got, err)
		}
	}
	if got, err := Paths(Multi, multiOf()); got != nil || err != nil {
		t.Errorf("empty: %v, %v", got, err)
	}
	if _, err := Paths(Multi, multiOf(versioned(Ping, "/x"))); err == nil {
		t.Error("a ping in a multi has no error")
	}
}

func TestPathOfEachType(t *testing.T) {
	record := AppendString(nil, "/a/b")
	none := map[Op]bool{
		Notification: true, Ping: true, Multi: true, MultiRead: true, Reconfig: true, Auth: true, SetWatches: true,
		SetWatches2: true, SASL: true, WhoAmI: true, CreateSession: true, CloseSession: true,
	}
	for op := range opNames {
		if op == Multi || op == MultiRead {
			continue
		}
		want := []string{"/a/b"}
		if none[op] {
			want = nil
		}
		if got, err := Paths(op, record); !cmp.Equal(got, want) || err != nil {
			t.Errorf("%s: %v, %v, want %v", op, got, err, want)
		}
	}
}

func TestOpNamesAreTheInverseOfParse(t *testing.T) {
	for name := range opsByName {
		op, err := ParseOp(name)
		if err != nil || op.String() != name || !op.Known() {
			t.Errorf("%s: %v, %v", name, op, err)
		}
	}
	if Create.String() != "create" || Op(77).String() != "op 77" || Op(77).Known() {
		t.Error("names", Create, Op(77))
	}
	if _, err := ParseOp("creat"); err == nil {
		t.Error("creat is known")
	}
	for op, want := range map[Op]Op{Create2: Create, CreateTTL: Create, GetChildren2: GetChildren, SetWatches2: SetWatches, Delete: Delete} {
		if op.Kind() != want {
			t.Errorf("kind of %s is %s", op, op.Kind())
		}
	}
}

func TestWhatAReplyProves(t *testing.T) {
	for _, c := range []struct {
		op    Op
		err   Code
		alive bool
	}{
		{Create, OK, true},
		{Create2, NodeExists, true},
		{CreateTTL, NoNode, true},
		{CreateContainer, NoAuth, true},
		{Create, NoChildrenForEphemerals, true},
		{Create, InvalidACL, true},
		{Delete, NotEmpty, true},
		{SetData, BadVersion, true},
		{SetACL, OK, true},
		{Check, BadVersion, true},
		{Multi, OK, true},
		{Multi, BadVersion, true},
		{CloseSession, OK, false}, // also closes dead sessions
		{CloseSession, SessionExpired, false},
		{Multi, SessionExpired, false},
		{Create, SessionExpired, false},
		{Create, SessionMoved, false},
		{Create, ConnectionLoss, false},
		{Create, AuthFailed, false},
		{Create, MarshallingError, false},
		{CreateTTL, Unimplemented, false},
		{Create, BadArguments, false},
		{SetData, NotReadOnly, false},
		{SetData, ThrottledOp, false},
		{Create, EphemeralOnLocalSession, false},
		{Multi, RuntimeInconsistency, false},
		{Ping, OK, false},
		{Sync, OK, false},
		{Exists, NoNode, false},
		{GetData, NoAuth, false},
		{GetChildren2, OK, false},
		{Auth, OK, false},
		{SetWatches, OK, false},
		{MultiRead, OK, false},
		{Reconfig, OK, true},
		{Reconfig, ReconfigDisabled, false},
	} {
		if alive := ProvesAlive(c.op, c.err); alive != c.alive {
			t.Errorf("%s, %s: alive %v", c.op, c.err, alive)
		}
	}
}

func multiResults(codes ...Code) []byte {
	var b []byte
	for _, code := range codes {
		b = AppendInt(multiHeader{Op: ErrorOp, Err: code}.append(b), int32(code))
	}
	return multiEnd.append(b)
}

func TestMultiResult(t *testing.T) {
	succeeded := multiHeader{Op: Check}.append(nil)
	for name, c := range map[string]struct {
		record []byte
		want   Code
		ok     bool
	}{
		"succeeded":               {multiHeader{Op: ErrorOp, Done: true}.append(succeeded), OK, true},
		"first failed":            {multiResults(BadVersion, RuntimeInconsistency), BadVersion, true},
		"second failed":           {multiResults(OK, NoNode, RuntimeInconsistency), NoNode, true},
		"session gone":            {multiResults(SessionExpired), SessionExpired, true},
		"no operations":           {multiResults(), OK, false},
		"cut off before the code": {multiResults(OK, NoNode)[:13], OK, false},
		"nothing":                 {nil, OK, false},
	} {
		if got, ok := MultiResult(c.record); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

func TestDecoderVectorsAreBounded(t *testing.T) {
	for n, want := range map[int32]error{1 << 30: ErrShort, 1: ErrShort, 0: nil, -1: nil, -2: nil} {
		d := NewDecoder(AppendInt(nil, n))
		if got := d.Count(4); got != 0 || d.Err() != want {
			t.Errorf("%d: %d, %v, want %v", n, got, d.Err(), want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(ConnectRequest{Password: make([]byte, 16), HasReadOnly: true}.Append(nil))
	f.Add(ConnectResponse{Timeout: 1, Session: 1, Password: make([]byte, 16)}.Append(nil))
	f.Add(createRecord(Create, "/a")(RequestHeader{Xid: 1, Op: Multi}.Append(nil)))
	f.Add(append(ReplyHeader{Xid: 1, Zxid: 2}.Append(nil), multiResults(OK, NoNode)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeConnectRequest(b); err == nil {
			if again, err := DecodeConnectRequest(r.Append(nil)); err != nil || !cmp.Equal(r, again) {
				t.Errorf("%+v became %+v, %v", r, again, err)
			}
		}
		if r, err := DecodeConnectResponse(b); err == nil {
			if again, err := DecodeConnectResponse(r.Append(nil)); err != nil || !cmp.Equal(r, again) {
				t.Errorf("%+v became %+v, %v", r, again, err)
			}
		}
		if h, record, err := DecodeRequestHeader(b); err == nil {
			first, _ := Path(h.Op, record)
			all, err := Paths(h.Op, record)
			if err == nil && len(all) > 0 && all[0] != first {
				t.Errorf("first %q of %q", first, all)
			}
		}
		if h, record, err := DecodeReplyHeader(b); err == nil {
			code, ok := MultiResult(record)
			if !ok && code != OK {
				t.Errorf("%+v: %v without ok", h, code)
			}
		}
	})
}
