package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"
)

// ErrRefused means that the server answered the connect request with "no such session". That does not prove
// that the session is dead: a leader that was paused and deposed gives this answer when it resumes, although
// the session will be closed only seconds later.
var ErrRefused = errors.New("session refused")

// ErrNoReply means that the connection ended before the answer. After the connect request, this is how
// some servers refuse a session, and how a server without a majority refuses every client. After
// closeSession, the server may or may not have closed the session.
var ErrNoReply = errors.New("connection ended without a reply")

// ErrOtherSession means that the server granted another session than the one that it was asked for. No
// ZooKeeper server does that.
var ErrOtherSession = errors.New("the server gave another session")

// Session holds what a connection needs to act for a session.
type Session struct {
	ID       int64
	Password []byte
	// Timeout is the session timeout in the connect request. Use the negotiated one: a server may
	// change the session's timeout to that of the latest connect request. 0 means 10 seconds.
	Timeout time.Duration
}

// EndSession closes a session over a separate connection, which dial makes, and returns the reply to
// closeSession: from then on the session is certainly dead, and its ephemeral znodes are deleted at
// Reply.Zxid. After an error, it is unknown whether the session is dead; see ErrRefused and ErrNoReply.
//
// If the session is connected elsewhere, it first moves to this connection, and its owner loses its own. Keep
// the owner from reconnecting meanwhile: it would take the session away again.
func EndSession(ctx context.Context, dial func(context.Context) (net.Conn, error), s Session) (ReplyHeader, error) {
	reply, err := endSession(ctx, dial, s)
	if err != nil {
		// The cause of the interruption says more than the error of the interrupted connection.
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, ErrRefused) {
			err = cause
		}
		return reply, fmt.Errorf("close session 0x%x: %w", uint64(s.ID), err)
	}
	return reply, nil
}

func endSession(ctx context.Context, dial func(context.Context) (net.Conn, error), s Session) (ReplyHeader, error) {
	c, err := dial(ctx)
	if err != nil {
		return ReplyHeader{}, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	if err := resume(c, s); err != nil {
		return ReplyHeader{}, fmt.Errorf("connect: %w", err)
	}
	const xid = math.MaxInt32 // not the xid of any of the session's own requests, which logs name by their xids
	if err := WriteFrame(c, RequestHeader{Xid: xid, Op: CloseSession}.Append(nil)); err != nil {
		return ReplyHeader{}, err
	}
	return awaitReply(c, xid)
}

// resume sends the connect request of an existing session and reads the answer.
func resume(c net.Conn, s Session) error {
	if s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	req := ConnectRequest{Session: s.ID, Password: s.Password, Timeout: s.Timeout}
	if err := WriteFrame(c, req.Append(nil)); err != nil {
		return err
	}
	body, err := readReply(c)
	if err != nil {
		return err
	}
	res, err := DecodeConnectResponse(body)
	if err != nil {
		return fmt.Errorf("connect response: %w", err)
	}
	switch {
	case res.Refused():
		return ErrRefused
	case res.Session != s.ID:
		return fmt.Errorf("%w: 0x%x", ErrOtherSession, uint64(res.Session))
	}
	return nil
}

// awaitReply skips frames that answer something else, such as watch events.
func awaitReply(c net.Conn, xid int32) (ReplyHeader, error) {
	for {
		body, err := readReply(c)
		if err != nil {
			return ReplyHeader{}, err
		}
		h, _, err := DecodeReplyHeader(body)
		if err != nil {
			return ReplyHeader{}, fmt.Errorf("reply header: %w", err)
		}
		if h.Xid != xid {
			continue
		}
		if h.Err != OK {
			return h, h.Err
		}
		return h, nil
	}
}

// readReply reads a frame. The end of the connection, in whichever way, is ErrNoReply.
func readReply(c net.Conn) ([]byte, error) {
	body, err := ReadFrame(c, nil, 0)
	switch {
	case err == nil:
		return body, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrNoReply
	case errors.Is(err, ErrFrameSize):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", ErrNoReply, err)
}
