package wire

import (
	"strconv"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

func BenchmarkDecodeCreate(b *testing.B) {
	record := AppendRequest(nil, Create, &CreateRequest{Path: "/locks/a/member-", Data: make([]byte, 100), ACL: openACL, Mode: EphemeralSequential})
	b.ReportAllocs()
	for b.Loop() {
		must.Get(DecodeRequest(Create, record))(b)
	}
}

func BenchmarkDecodeGetData(b *testing.B) {
	record := AppendRequest(nil, GetData, &ReadRequest{Path: "/locks/a/member-", Watch: true})
	b.ReportAllocs()
	for b.Loop() {
		must.Get(DecodeRequest(GetData, record))(b)
	}
}

func BenchmarkDecodeMulti(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		must.Get(DecodeRequest(Multi, seedMulti))(b)
	}
}

func BenchmarkPathsOfMulti(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		must.Get(Paths(Multi, seedMulti))(b)
	}
}

func BenchmarkEncodeDataReply(b *testing.B) {
	data, buf := make([]byte, 100), make([]byte, 0, 1<<10)
	b.ReportAllocs()
	for b.Loop() {
		frame := BeginFrame(buf)
		frame = ReplyHeader{Xid: 1, Zxid: 2}.Append(frame)
		frame = DataReply{Data: data, Stat: aStat}.Append(frame)
		EndFrame(frame, 0)
	}
}

func BenchmarkEncodeChildrenReply(b *testing.B) {
	children := make([]string, 1000)
	for i := range children {
		children[i] = "member-" + strconv.Itoa(1e9+i)
	}
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		AppendChildrenReply(buf, GetChildren2, ChildrenReply{Children: children, Stat: aStat})
	}
}
