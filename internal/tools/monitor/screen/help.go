package screen

// helpGroup is what some keys do.
type helpGroup struct {
	name string
	keys []binding
}

// helpGroups are all keys, as the help and the documentation have them.
var helpGroups = []helpGroup{
	{"Tree", []binding{
		{"↑ ↓, k j", "choose the znode above, below"},
		{"→, enter, space", "open a folder; enter and space shut it, too"},
		{"←, h", "shut a folder, or go to the one it is in"},
		{"PgUp PgDn", "a page up, down"},
		{"g G, Home End", "the first, the last"},
		{"/", "only names with this in them; paths, if it has a slash"},
		{"esc", "no filter any more"},
	}},
	{"Panes", []binding{
		{"tab, shift-tab", "the next pane, the one before: ↑ ↓ scroll it"},
		{"s", "servers and sessions, and back to the znode"},
		{"l", "the log, or more room for the rest"},
		{"p", "pause the drawing, and go on"},
		{"?", "this help"},
		{"q, Ctrl-C", "quit"},
	}},
	{"Mouse", []binding{
		{"click", "choose a znode; on ▸ or ▾ open or shut it"},
		{"wheel", "scroll what is under it"},
	}},
	{"Marks", []binding{
		{"+ ~ -", "created, changed, deleted, in the last seconds"},
		{"▸ in colour", "something changed below a folder that is shut"},
		{"★ ● ○ ✕", "leader, follower, observer, a server that is down"},
	}},
}

// helpLines draws all keys, as far as there is room.
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
