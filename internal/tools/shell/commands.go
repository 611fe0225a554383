package shell

import "github.com/zklab/zklab/internal/tools/control"

// commands are all, in the order of the help.
var commands = []*command{
	{name: "ls", args: "[PATH]", short: "list the children of a znode", most: 1, bind: bindLs},
	{name: "cd", args: "[PATH]", short: "go to a znode: paths that do not begin with / are below it", most: 1, do: (*Shell).cd},
	{name: "pwd", short: "print where the shell is", do: (*Shell).pwd},
	{name: "tree", args: "[PATH]", short: "draw a subtree", most: 1, bind: bindTree},
	{
		name: "cat", args: "PATH...", short: "print the data of znodes", least: 1, most: -1, bind: bindCat,
		long: "On a terminal JSON is laid out, and what is no text is in hexadecimal. In a pipe it is the bytes\n" +
			"and nothing else. --json has text as text and all else in base64.",
	},
	{name: "stat", args: "PATH...", short: "print what is to be known of znodes beside their data", least: 1, most: -1, do: (*Shell).stat},

	{name: "create", args: "PATH [DATA|-]", short: "make a znode; - reads the data from the standard input", least: 1, most: 2, dataLast: true, bind: bindCreate, op: createOp},
	{name: "set", args: "PATH DATA|-", short: "write the data of a znode; - reads them from the standard input", least: 2, most: 2, dataLast: true, bind: bindSet, op: setOp},
	{name: "rm", args: "PATH...", short: "remove znodes", least: 1, most: -1, bind: bindRm, op: rmOp},
	{name: "check", args: "PATH VERSION", short: "in a multi: nothing is done if the znode has another version", least: 2, most: 2, op: checkOp},
	{
		name: "edit", args: "PATH", short: "write the data of a znode with an editor: $VISUAL, $EDITOR or vi", least: 1, most: 1, do: (*Shell).edit,
		long: "Nothing is written if the text is as it was, or if somebody else wrote the znode meanwhile: then it is\n" +
			"said in which file the edited text is kept. A line break at the end that the editor adds where there was\n" +
			"none is taken off. Data that are no text are for set PATH -.",
	},

	{
		name: "cp", args: "FROM TO", short: "copy a znode, with its data and permissions; TO must not be there yet", least: 2, most: 2, bind: bindCp,
		long: "FROM or TO can be of another ensemble: host:port,host:port/PATH. The credentials of --auth are shown\n" +
			"to it, too, and not those of auth. A path whose first name looks like one begins with / or ./.\n" +
			"An ephemeral znode belongs to its session: it is no copy of itself elsewhere. Below FROM those are left\n" +
			"out, and counted. Copies are persistent: a server does not tell which znodes are containers or have a TTL.\n" +
			"Many znodes are made by several transactions. What others write meanwhile is said.",
	},
	{
		name: "mv", args: "FROM TO", short: "move a znode with all that is below it, in one transaction; TO must not be there yet", least: 2, most: 2, do: (*Shell).move,
		long: "Nothing is moved if something of it is written meanwhile, or if it is too large for one request.\n" +
			"No transaction sees permissions that are written while it is on its way: those would be lost.\n" +
			"To those who watch it, it is other znodes that come and these that go. They are persistent: a server\n" +
			"does not tell which are containers or have a TTL.",
	},
	{
		name: "export", args: "PATH FILE.json|FOLDER/", short: "write a subtree to a JSON file or a folder", least: 2, most: 2, local: 2, bind: bindExport,
		long: "The same znodes are always the same bytes. Only you may read what is written. Ephemeral znodes are\n" +
			"there, with the session that owns them; a server does not tell which znodes are containers or have a\n" +
			"TTL. What others write meanwhile is said. What servers keep in /zookeeper is no part of /.",
	},
	{
		name: "import", args: "FILE.json|FOLDER/ PATH", short: "make znodes as an export has them, and write those that are there otherwise", least: 2, most: 2, local: 1, bind: bindImport,
		long: "Znodes that are as they should be are left alone, so that it can be done again; so are those that the\n" +
			"export does not have. Ephemeral ones are left out: they belonged to their sessions. Data are written by\n" +
			"transactions as large as jute.maxbuffer allows, permissions one by one, and nothing over what somebody\n" +
			"writes meanwhile.",
	},
	{
		name: "diff", args: "PATH OTHER", short: "list what differs between two subtrees, or a subtree and an export", least: 2, most: 2, local: 2, bind: bindDiff,
		long: "OTHER is x.json or folder/ as export wrote it, host:port,host:port/PATH of another ensemble, or a path\n" +
			"of this one; PATH, too. It exits with 1 where they differ, and also where one is not there. -: only\n" +
			"the first has it, +: only the second, ~: both, and not the same. Ephemeral znodes are not looked at.",
	},

	{name: "find", args: "[PATH]", short: "list the znodes of a subtree that are as the flags say", most: 1, bind: bindFind},
	{
		name: "grep", args: "PATTERN [PATH]", short: "list the znodes of a subtree whose data a regular expression matches, with the lines", least: 1, most: 2, bind: bindGrep,
		long: "It exits with 1 where none does. Data that are no text are only named. Znodes\n" +
			"that may not be read are passed over.",
	},
	{name: "du", args: "[PATH]", short: "count znodes and bytes of a znode and of each child, with all below", most: 1, bind: bindDu},
	{name: "count", args: "[PATH]", short: "count the znodes below a znode", most: 1, do: (*Shell).count},
	{
		name: "watch", args: "PATH", short: "print what happens to a znode: once, or with -p or -r for as long as it is watched", least: 1, most: 1, bind: bindWatch,
		long: "The first change of its data or of its children is told, also that it came where it is not there.\n" +
			"Somebody who types goes on meanwhile: events are printed above the prompt. Elsewhere the command waits\n" +
			"for the event; with -p or -r until it is interrupted, or for --count events.",
	},
	{name: "unwatch", args: "PATH", short: "end all watches of a znode", least: 1, most: 1, do: (*Shell).unwatch},

	{name: "acl get", args: "PATH", short: "print the permissions of a znode", least: 1, most: 1, do: (*Shell).aclGet},
	{
		name: "acl set", args: "PATH SCHEME:ID:PERMISSIONS,...", short: "write the permissions of a znode", least: 2, most: 2, bind: bindACLSet,
		long: "PERMISSIONS are of c (create children), d (delete children), r (read), w (write data) and a (these\n" +
			"permissions). world:anyone is everybody, auth: whoever this session has shown to be,\n" +
			"digest:user:hash somebody with a password, ip:10.0.0.0/8 somebody at an address.",
	},
	{
		name: "auth", args: "SCHEME CREDENTIAL", short: "show who you are: auth digest user:password", least: 2, most: 2, values: []string{"digest"}, do: (*Shell).auth,
		long: "It is shown again on every other server that the session moves to.",
	},
	{name: "whoami", short: "print who the server takes this session for", do: (*Shell).whoami},
	{
		name: "quota get", args: "[PATH]", short: "print quotas of a znode, of those above it and below, and what is used of them", most: 1, do: (*Shell).quotaGet,
		long: "What is used servers count by themselves: nodes are the znode and all below it, bytes those of their data.\n" +
			"A soft limit that is passed is only logged by servers; a hard one they enforce if enforceQuota is set.",
	},
	{
		name: "quota set", args: "PATH", short: "limit how many znodes and bytes a subtree may have", least: 1, most: 1, bind: bindQuotaSet,
		long: "What no flag names stays as it is. A znode above or below one with a quota can have none: servers would\n" +
			"count what is below the inner one for that alone.",
	},
	{name: "quota rm", args: "PATH", short: "take limits of a subtree away: those that flags name, or its quota", least: 1, most: 1, bind: bindQuotaRm},

	{name: "multi", short: "begin a transaction: the create, set, rm and check that follow are done by end, all or none", do: (*Shell).begin},
	{name: "end", short: "do what follows multi", do: (*Shell).end},
	{name: "abort", short: "forget what follows multi", do: (*Shell).abort},
	{name: "sync", args: "[PATH]", short: "have the server catch up with all that was written before", most: 1, do: (*Shell).sync},

	fourLetterWord("srvr", "print what a server says of itself; without SERVER that of this session"),
	fourLetterWord("mntr", "print the metrics of a server; without SERVER of that of this session"),
	{
		name: "who", short: "list the sessions of the ensemble: the server of each, its client and its ephemeral znodes", do: (*Shell).who,
		long: "Servers tell it by the four-letter words cons, dump and wchs. It is said which of them one does not\n" +
			"answer: 4lw.commands.whitelist has to have it. Servers are those that the shell was started with.\n" +
			"Paths are those of the whole tree, also for a shell with a chroot.",
	},
	serverCommand(control.Kill, "kill a server, as SIGKILL does"),
	serverCommand(control.Pause, "freeze a server: its connections stay open, it answers nothing"),
	serverCommand(control.Resume, "let a paused server go on"),
	serverCommand(control.Stop, "stop a server in good order"),
	serverCommand(control.Start, "start a server that is down, with the data that it had"),
	{name: "servers", short: "print how the servers are", lab: true, do: (*Shell).servers},
	{name: "partition", args: "SERVER...", short: "cut servers off from all the others, numbers of one side", lab: true, least: 1, most: -1, values: []string{"1", "2", "3"}, do: (*Shell).partition},
	{name: "heal", short: "undo all partitions", lab: true, do: (*Shell).heal},
	{name: "expire", args: "[SESSION]", short: "end a session; without SESSION that of this shell", lab: true, most: 1, values: []string{}, do: (*Shell).expire},

	{name: "help", args: "[COMMAND]", short: "list the commands, or say more of one", most: 2, values: []string{}, do: (*Shell).help},
	{name: "exit", short: "end the shell and its session", do: (*Shell).exit},
}
