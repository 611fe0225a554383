package shell

import "github.com/zklab/zklab/internal/tools/control"

// commands lists all commands, in the order of the help.
var commands = []*command{
	{name: "ls", args: "[PATH]", short: "list the children of a znode", most: 1, bind: bindLs},
	{name: "cd", args: "[PATH]", short: "change the current path: paths that do not begin with / are relative to it", most: 1, do: (*Shell).cd},
	{name: "pwd", short: "print the current path", do: (*Shell).pwd},
	{name: "tree", args: "[PATH]", short: "draw a subtree", most: 1, bind: bindTree},
	{
		name: "cat", args: "PATH...", short: "print the data of znodes", least: 1, most: -1, bind: bindCat,
		long: "On a terminal, cat indents JSON and prints data that are not text in hexadecimal. In a pipe, it prints the\n" +
			"bytes unchanged. --json prints text as text, and all other data in base64.",
	},
	{name: "stat", args: "PATH...", short: "print the metadata of znodes", least: 1, most: -1, do: (*Shell).stat},

	{name: "create", args: "PATH [DATA|-]", short: "create a znode; - reads the data from standard input", least: 1, most: 2, dataLast: true, bind: bindCreate, op: createOp},
	{name: "set", args: "PATH DATA|-", short: "write the data of a znode; - reads them from standard input", least: 2, most: 2, dataLast: true, bind: bindSet, op: setOp},
	{name: "rm", args: "PATH...", short: "remove znodes", least: 1, most: -1, bind: bindRm, op: rmOp},
	{name: "check", args: "PATH VERSION", short: "in a multi: do nothing if the znode has another version", least: 2, most: 2, op: checkOp},
	{
		name: "edit", args: "PATH", short: "edit the data of a znode in $VISUAL, $EDITOR or vi", least: 1, most: 1, do: (*Shell).edit,
		long: "If another client writes the znode meanwhile, edit writes nothing, keeps the edited text in a file, and prints\n" +
			"the name of the file. It removes a line break that the editor added at the end. To write data that are not\n" +
			"text, use set PATH -.",
	},

	{
		name: "cp", args: "FROM TO", short: "copy a znode with its data and permissions; TO must not exist", least: 2, most: 2, bind: bindCp,
		long: "FROM or TO can be on another ensemble: host:port,host:port/PATH. The shell also authenticates there with the\n" +
			"credentials of --auth, but not with those of the command auth. If the first name of a path looks like\n" +
			"host:port, begin the path with / or ./.\n" +
			"cp refuses an ephemeral znode, because it belongs to its session. With --recursive, cp leaves out the\n" +
			"ephemeral znodes below FROM and prints how many. Copies are persistent: servers do not tell clients which\n" +
			"znodes are containers or have a TTL. cp creates many znodes in several transactions, and reports what other\n" +
			"clients write meanwhile.",
	},
	{
		name: "mv", args: "FROM TO", short: "move a znode and all znodes below it in one transaction; TO must not exist", least: 2, most: 2, do: (*Shell).move,
		long: "mv moves nothing if another client writes to the subtree meanwhile, or if the subtree is too large for one\n" +
			"request. A transaction cannot check permissions: if another client changes permissions while the transaction\n" +
			"is on its way, the change is lost. Clients that watch the subtree see old znodes deleted and new ones created.\n" +
			"The new ones are persistent: servers do not tell clients which znodes are containers or have a TTL.",
	},
	{
		name: "export", args: "PATH FILE.json|FOLDER/", short: "write a subtree to a JSON file or a folder", least: 2, most: 2, local: 2, bind: bindExport,
		long: "The same znodes always give the same bytes. Only you may read the files. An export includes ephemeral znodes,\n" +
			"with the session that owns them. It does not say which znodes are containers or have a TTL: servers do not\n" +
			"tell clients. An export of / leaves out /zookeeper, which belongs to the servers. export reports what other\n" +
			"clients write meanwhile.",
	},
	{
		name: "import", args: "FILE.json|FOLDER/ PATH", short: "create the znodes of an export, and write those that differ from it", least: 2, most: 2, local: 1, bind: bindImport,
		long: "import leaves alone znodes that are the same, so you can repeat it, and znodes that the export does not have.\n" +
			"Without --ephemerals, it leaves out ephemeral znodes, because they belonged to their sessions. It writes data\n" +
			"in transactions as large as jute.maxbuffer allows, and permissions one by one. It does not overwrite what\n" +
			"another client writes meanwhile. Servers number sequential znodes below a new znode from 0, so a number that\n" +
			"was given before the export can be given again: what takes numbers as ids or fencing tokens must not go on.",
	},
	{
		name: "diff", args: "PATH OTHER", short: "list the differences between two subtrees, or between a subtree and an export", least: 2, most: 2, local: 2, bind: bindDiff,
		long: "PATH and OTHER are paths, exports (x.json or folder/), or paths on another ensemble\n" +
			"(host:port,host:port/PATH). The exit code is 1 if they differ, or if one of them does not exist. A line begins\n" +
			"with - if only PATH has the znode, with + if only OTHER has it, and with ~ if the znodes differ. diff compares\n" +
			"ephemeral znodes only with --ephemerals.",
	},

	{name: "find", args: "[PATH]", short: "list the znodes of a subtree that match all flags", most: 1, bind: bindFind},
	{
		name: "grep", args: "PATTERN [PATH]", short: "list the znodes of a subtree whose data match a regular expression, with the lines", least: 1, most: 2, bind: bindGrep,
		long: "The exit code is 1 if no znode matches. For data that are not text, grep prints the path only. It skips znodes\n" +
			"that it may not read.",
	},
	{name: "du", args: "[PATH]", short: "count the znodes and bytes of a subtree, and of the subtree of each child", most: 1, bind: bindDu},
	{name: "count", args: "[PATH]", short: "count the znodes below a znode", most: 1, do: (*Shell).count},
	{
		name: "watch", args: "PATH", short: "print the next change of a znode, or with -p or -r every change", least: 1, most: 1, bind: bindWatch,
		long: "Without flags, watch reports the first change of the data or the children, or the creation of the znode if it\n" +
			"does not exist. On a terminal you can type on: the shell prints events above the prompt. In a script, watch\n" +
			"waits for the event; with -p or -r it waits until it is interrupted, or for --count events.",
	},
	{name: "unwatch", args: "PATH", short: "remove all watches of a znode", least: 1, most: 1, do: (*Shell).unwatch},

	{name: "acl get", args: "PATH", short: "print the permissions of a znode", least: 1, most: 1, do: (*Shell).aclGet},
	{
		name: "acl set", args: "PATH SCHEME:ID:PERMISSIONS,...", short: "write the permissions of a znode", least: 2, most: 2, bind: bindACLSet,
		long: "PERMISSIONS are letters: c (create children), d (delete children), r (read), w (write data) and a (change\n" +
			"permissions). world:anyone is every client, auth: is every identity of this session, digest:user:hash is a\n" +
			"user with a password, and ip:10.0.0.0/8 is every client at such an address.",
	},
	{
		name: "acl hash", args: "USER:PASSWORD", short: "print the identity of a user with a password, for acl set", least: 1, most: 1, do: (*Shell).aclHash,
		long: "Servers keep a hash of user and password. The user is then authenticated by auth digest USER:PASSWORD.",
	},
	{
		name: "auth", args: "SCHEME CREDENTIAL", short: "authenticate this session: auth digest user:password", least: 2, most: 2, values: []string{"digest"}, do: (*Shell).auth,
		long: "When the session moves to another server, the shell authenticates there, too.",
	},
	{name: "whoami", short: "print the identities of this session", do: (*Shell).whoami},
	{
		name: "quota get", args: "[PATH]", short: "print the quotas of a znode, above it and below it, and their use", most: 1, do: (*Shell).quotaGet,
		long: "Servers count the use: the znodes are the znode and all znodes below it, the bytes are their data. If a soft\n" +
			"limit is exceeded, servers only log it. They enforce hard limits if enforceQuota is set.",
	},
	{
		name: "quota set", args: "PATH", short: "limit the number of znodes and bytes of a subtree", least: 1, most: 1, bind: bindQuotaSet,
		long: "Limits without a flag stay as they are. A znode above or below one with a quota cannot have a quota: servers\n" +
			"would count the inner subtree for the inner quota only.",
	},
	{name: "quota rm", args: "PATH", short: "remove the limits that flags name, or the whole quota", least: 1, most: 1, bind: bindQuotaRm},

	{name: "multi", short: "begin a transaction of create, set, rm and check: end runs all or none", do: (*Shell).begin},
	{name: "end", short: "run the transaction that multi began", do: (*Shell).end},
	{name: "abort", short: "discard the transaction that multi began", do: (*Shell).abort},
	{name: "sync", args: "[PATH]", short: "wait until the server has applied all earlier writes", most: 1, do: (*Shell).sync},

	fourLetterWord("srvr", "print what a server reports about itself (by default the server of this session)"),
	fourLetterWord("mntr", "print the metrics of a server (by default the server of this session)"),
	{
		name: "who", short: "list the sessions of the ensemble, with their servers, clients and ephemeral znodes", do: (*Shell).who,
		long: "who sends the four-letter words cons, dump and wchs to the servers that the shell was started with. It names\n" +
			"each word that a server does not answer: add the word to that server's 4lw.commands.whitelist. Paths begin at\n" +
			"the root of the ensemble, even if the shell has a chroot.",
	},
	serverCommand(control.Kill, "kill a server, as with SIGKILL"),
	serverCommand(control.Pause, "freeze a server: its connections stay open, but it answers nothing"),
	serverCommand(control.Resume, "resume a paused server"),
	serverCommand(control.Stop, "shut a server down cleanly"),
	serverCommand(control.Start, "start a server that is down, with its data"),
	{name: "servers", short: "print the state of all servers", lab: true, do: (*Shell).servers},
	{name: "partition", args: "SERVER...", short: "cut the servers with these numbers off from all others", lab: true, least: 1, most: -1, values: []string{"1", "2", "3"}, do: (*Shell).partition},
	{name: "heal", short: "undo all partitions", lab: true, do: (*Shell).heal},
	{name: "expire", args: "[SESSION]", short: "expire a session (by default the session of this shell)", lab: true, most: 1, values: []string{}, do: (*Shell).expire},

	{name: "help", args: "[COMMAND]", short: "list all commands, or explain one", most: 2, values: []string{}, do: (*Shell).help},
	{name: "exit", short: "end the shell and its session", do: (*Shell).exit},
}
