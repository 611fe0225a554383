package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// admin asks the admin server for what the four-letter words in Missing would have reported
// ("Administrator's Guide, The AdminServer": each command is a page of JSON).
func (q Query) admin(ctx context.Context, s *Server) {
	pages := map[string]struct {
		page string
		take func(values map[string]string)
	}{
		"mntr": {"monitor", s.take},
		"dirs": {"dirs", func(values map[string]string) {
			s.dirs(fmt.Sprintf("datadir_size: %s\nlogdir_size: %s", values["datadir_size"], values["logdir_size"]))
		}},
	}
	s.Missing = slices.DeleteFunc(s.Missing, func(word string) bool {
		p := pages[word]
		values, err := page(ctx, strings.TrimSuffix(q.Admin, "/")+"/commands/"+p.page)
		if err == nil {
			p.take(values)
		}
		return err == nil
	})
}

// maxPage bounds how many bytes of an answer are read: another program may listen on the
// port.
const maxPage = 1 << 20

// page reads the numbers of a page.
func page(ctx context.Context, url string) (map[string]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	reply, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, reply.Status)
	}
	var values map[string]any
	d := json.NewDecoder(io.LimitReader(reply.Body, maxPage))
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		return nil, err
	}
	texts := make(map[string]string)
	for name, value := range values {
		texts[name] = fmt.Sprint(value)
	}
	return texts, nil
}
