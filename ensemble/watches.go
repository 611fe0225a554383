package ensemble

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// AskWatches asks the server at addr, with "wchc", which paths the sessions on its connections
// watch. These are watches of data and existence, and not those of children. If the server has many,
// the answer takes it a while. Errors are as for [Ask].
func AskWatches(ctx context.Context, dial DialFunc, addr string) (map[int64][]string, error) {
	answer, err := Ask(ctx, dial, addr, "wchc")
	if err != nil {
		return nil, err
	}
	return ParseWatches(answer)
}

// ParseWatches parses the answer to "wchc": the paths by session. A session whose last watch has fired may be
// listed without paths.
func ParseWatches(answer string) (map[int64][]string, error) {
	if strings.Contains(answer, "not currently serving requests") {
		return nil, ErrNotServing
	}
	watches := map[int64][]string{}
	var session int64
	for line := range strings.SplitSeq(answer, "\n") {
		switch path, isPath := strings.CutPrefix(line, "\t"); {
		case isPath && session != 0:
			watches[session] = append(watches[session], path)
		case strings.HasPrefix(line, "0x"):
			id, err := strconv.ParseUint(line[2:], 16, 64)
			if err != nil {
				return nil, fmt.Errorf("wchc: %q is not a session", line)
			}
			session = int64(id)
			watches[session] = nil
		case line != "":
			return nil, fmt.Errorf("wchc: %q is neither a session nor a path", line)
		}
	}
	return watches, nil
}
