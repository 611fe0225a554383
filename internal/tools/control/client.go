package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswer is the largest size of an answer, in bytes.
const maxAnswer = 1 << 20

// Status returns the state of all servers of the ensemble at a socket. It returns an error if the
// ensemble does not answer.
func Status(ctx context.Context, socket string) (Answer, error) {
	return send(ctx, socket, http.MethodGet, "/status")
}

// Send performs an action on servers of the ensemble at a socket; see [Controller.Do]. It returns
// [ErrRequest] if the ensemble has no such server or action, and another error if the action failed
// or the ensemble does not answer.
func Send(ctx context.Context, socket string, action Action, who string) (Answer, error) {
	return send(ctx, socket, http.MethodPost, "/servers/"+url.PathEscape(who)+"/"+url.PathEscape(string(action)))
}

// End asks the ensemble at a socket to end. It returns before the ensemble has ended.
func End(ctx context.Context, socket string) (Answer, error) {
	return send(ctx, socket, http.MethodPost, "/down")
}

func send(ctx context.Context, socket, method, path string) (Answer, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://ensemble"+path, nil)
	if err != nil {
		return Answer{}, err
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return Answer{}, fmt.Errorf("the ensemble at %s does not answer: %w", socket, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("the ensemble at %s ended: %w", socket, err)
	}
	if res.StatusCode != http.StatusOK {
		return Answer{}, refused(res.StatusCode, body)
	}
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return Answer{}, fmt.Errorf("the process that listens at %s is not a zklab ensemble: %w", socket, err)
	}
	return a, nil
}

func refused(code int, body []byte) error {
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil || r.Error == "" {
		return fmt.Errorf("it answered with status %d", code)
	}
	if code == http.StatusBadRequest {
		return fmt.Errorf("%w: %s", ErrRequest, r.Error)
	}
	return errors.New(r.Error)
}
