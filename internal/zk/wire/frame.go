package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxRequest is the size, in bytes, of the largest frame body that a server accepts: the default of
// jute.maxbuffer. After a larger one the server closes the connection.
const MaxRequest = 0xfffff

// MaxFrame bounds the body of a frame in either direction, in bytes: the default of jute.maxbuffer plus
// the slack that is allowed for replies (jute.maxbuffer.extrasize).
const MaxFrame = MaxRequest + 1<<20

// ErrFrameSize means that a frame's length is negative or beyond the bound: the peer does not speak
// this protocol, or a client wrote too large a record.
var ErrFrameSize = errors.New("frame length out of bounds")

func checkSize(n int32, limit int) error {
	if n < 0 || int(n) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrFrameSize, n, limit)
	}
	return nil
}

// ReadFrame reads one frame and returns its body, in buf if that is large enough. The body is at most
// limit bytes, MaxFrame if limit is 0. If the stream ends between two frames, the error is io.EOF; if
// it ends within one, io.ErrUnexpectedEOF.
func ReadFrame(r io.Reader, buf []byte, limit int) ([]byte, error) {
	if limit == 0 {
		limit = MaxFrame
	}
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int32(binary.BigEndian.Uint32(head[:]))
	if err := checkSize(n, limit); err != nil {
		return nil, err
	}
	return readBody(r, buf[:0], int(n))
}

// readBody reads n bytes into buf. For a large body, it allocates at most twice the memory of what the
// peer has sent.
func readBody(r io.Reader, buf []byte, n int) ([]byte, error) {
	const unseen = 64 << 10
	for {
		got := len(buf)
		if want := min(n, max(unseen, 2*got)); cap(buf) < want {
			buf = append(make([]byte, 0, want), buf...)
		}
		buf = buf[:min(n, cap(buf))]
		if _, err := io.ReadFull(r, buf[got:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if len(buf) == n {
			return buf, nil
		}
	}
}

// AppendFrame appends body as a frame to b.
func AppendFrame(b, body []byte) []byte {
	return append(AppendInt(b, int32(len(body))), body...)
}

// BeginFrame appends room for the length of a frame to b. Append the body, and then call [EndFrame]
// with the length that b had before.
func BeginFrame(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// EndFrame writes the length of the frame that began at b[start] and ends with b.
func EndFrame(b []byte, start int) {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
}

// WriteFrame writes body as a frame, in one Write.
func WriteFrame(w io.Writer, body []byte) error {
	_, err := w.Write(AppendFrame(make([]byte, 0, 4+len(body)), body))
	return err
}
