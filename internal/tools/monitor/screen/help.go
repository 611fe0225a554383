package screen

// helpGroup is a group of keys in the help.
type helpGroup struct {
	name string
	keys []binding
}

// helpGroups lists all keys, for the help and the documentation.
var helpGroups = []helpGroup{
	{"Tree", []binding{
		{"↑ ↓, k j", "select the znode above, below"},
		{"→, enter, space", "open a folder; enter and space also close it"},
		{"←, h", "close a folder, or go to its parent"},
		{"PgUp PgDn", "go one page up, down"},
		{"g G, Home End", "go to the first, the last znode"},
		{"/", "filter by name, or by path if the text has a slash"},
		{"esc", "clear the filter"},
	}},
	{"Panes", []binding{
		{"tab, shift-tab", "go to the next, the previous pane: ↑ ↓ scroll it"},
		{"s", "show servers and sessions, or the znode again"},
		{"l", "show or hide the log"},
		{"p", "pause or resume drawing"},
		{"?", "show this help"},
		{"q, Ctrl-C", "quit"},
	}},
	{"Mouse", []binding{
		{"click", "select a znode; on ▸ or ▾ open or close it"},
		{"wheel", "scroll the pane under the pointer"},
	}},
	{"Marks", []binding{
		{"+ ~ -", "created, changed, deleted in the last seconds"},
		{"▸ in colour", "something changed below a closed folder"},
		{"★ ● ○ ✕", "leader, follower, observer, server that is down"},
	}},
}

// helpLines draws all keys, as far as they fit.
func helpLines(p *palette, width, height int) (out []string) {
	wide := 0
	for _, g := range helpGroups {
		for _, k := range g.keys {
			wide = max(wide, cells(k.keys))
		}
	}
	spaced := height >= 2*len(helpGroups)+18
	for i, g := range helpGroups {
		if i > 0 && spaced {
			out = append(out, newLine(width).String())
		}
		for j, k := range g.keys {
			l := newLine(width).add(nil, " ")
			if j == 0 {
				l.add(p.accent, g.name)
			}
			out = append(out, l.to(8).add(p.strong, k.keys).to(10+wide).add(nil, k.does).String())
		}
	}
	for len(out) < height {
		out = append(out, newLine(width).String())
	}
	return out[:max(height, 0)]
}
