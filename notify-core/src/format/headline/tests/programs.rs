//! Issue 12, point 27: what real programs write before they fail, and the line of it that a phone is to show.

use super::headline;

/// What a program writes to standard error, and the line.
const PROGRAMS: &[(&str, &str)] = &[
    // psql-down
    (
        "psql: error: connection to server at \"db\" (10.0.0.3), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
        "psql: error: connection to server at \"db\" (10.0.0.3), port 5432 failed: Connection refused",
    ),
    // psql-dup
    (
        "psql:load.sql:12: ERROR:  duplicate key value violates unique constraint \"orders_pkey\"\nDETAIL:  Key (id)=(17) already exists.\n",
        "psql:load.sql:12: ERROR: duplicate key value violates unique constraint \"orders_pkey\"",
    ),
    // psql-copy
    (
        "psql:load.sql:3: ERROR:  invalid input syntax for type numeric: \"abc\"\nCONTEXT:  COPY orders, line 3, column price: \"abc\"\n",
        "psql:load.sql:3: ERROR: invalid input syntax for type numeric: \"abc\"",
    ),
    // pg_dump-perm
    (
        "pg_dump: error: query failed: ERROR:  permission denied for table orders\npg_dump: detail: Query was: LOCK TABLE public.orders IN ACCESS SHARE MODE\n",
        "pg_dump: error: query failed: ERROR: permission denied for table orders",
    ),
    // pg_restore
    (
        "pg_restore: error: could not execute query: ERROR:  role \"etl\" does not exist\nCommand was: ALTER TABLE public.orders OWNER TO etl;\n\n\npg_restore: warning: errors ignored on restore: 1\n",
        "pg_restore: error: could not execute query: ERROR: role \"etl\" does not exist",
    ),
    // pytest
    (
        "=================================== FAILURES ===================================\n___________________________________ test_a ___________________________________\n\n    def test_a():\n>       assert 1 == 2\nE       assert 1 == 2\n\ntest_x.py:3: AssertionError\n=========================== short test summary info ============================\nFAILED test_x.py::test_a - assert 1 == 2\n========================= 1 failed, 3 passed in 0.12s ==========================\n",
        "FAILED test_x.py::test_a - assert 1 == 2",
    ),
    // miette
    (
        "Error: oops::my::bad\n\n  × the table orders has no column price\n   ╭─[load.sql:2:3]\n 1 │ select\n 2 │   price\n   ·   ──┬─\n   ·     ╰── this one\n   ╰────\n  help: try name\n",
        "the table orders has no column price",
    ),
    // eslint
    (
        "/srv/load.js\n  1:1  warning  Unexpected console statement  no-console\n\n✖ 1 problem (0 errors, 1 warning)\n",
        "1 problem (0 errors, 1 warning)",
    ),
    // borg
    (
        "Local Exception\nTraceback (most recent call last):\n  File \"/usr/lib/borg/archiver.py\", line 5089, in main\n    exit_code = archiver.run(args)\n  File \"/usr/lib/borg/locking.py\", line 130, in acquire\n    raise LockTimeout(self.path)\nborg.locking.LockTimeout: /backup/lock.exclusive\n\nPlatform: Linux vm 6.1.0\nBorg: 1.2.4  Python: CPython 3.11.2\nPID: 1234  CWD: /\nsys.argv: ['borg', 'create']\n",
        "borg.locking.LockTimeout: /backup/lock.exclusive",
    ),
    // python-recursion
    (
        "ERROR: 3 rows left out\nTraceback (most recent call last):\n  File \"/srv/load.py\", line 2, in f\n    f()\n  [Previous line repeated 3 more times]\nload.Halt: deep enough\nclosing the file\n",
        "load.Halt: deep enough",
    ),
    // rsync-down
    (
        "rsync: [Receiver] failed to connect to backup-1 (10.0.0.3): Connection refused (111)\nrsync error: error in socket IO (code 10) at clientserver.c(139) [Receiver=3.2.7]\n",
        "rsync: [Receiver] failed to connect to backup-1 (10.0.0.3): Connection refused (111)",
    ),
    // rsync-ssh
    (
        "ssh: connect to host backup-1 port 22: Connection timed out\nrsync: connection unexpectedly closed (0 bytes received so far) [sender]\nrsync error: unexplained error (code 255) at io.c(231) [sender=3.2.7]\n",
        "ssh: connect to host backup-1 port 22: Connection timed out",
    ),
    // curl-60
    (
        "curl: (60) SSL certificate problem: self-signed certificate\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the web page mentioned above.\n",
        "curl: (60) SSL certificate problem: self-signed certificate",
    ),
    // sqlalchemy
    (
        "Traceback (most recent call last):\n  File \"/srv/load.py\", line 9, in <module>\n    engine.connect()\n  File \"/usr/lib/python3/sqlalchemy/engine/base.py\", line 3274, in connect\n    return self._connection_cls(self)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^\nsqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n\n(Background on this error at: https://sqlalche.me/e/20/e3q8)\n",
        "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
    ),
    // sqlalchemy-sql
    (
        "Traceback (most recent call last):\n  File \"/srv/load.py\", line 9, in <module>\n    c.execute(q)\nsqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) relation \"oders\" does not exist\nLINE 1: select * from oders\n                      ^\n\n[SQL: select * from oders]\n(Background on this error at: https://sqlalche.me/e/20/f405)\n",
        "sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) relation \"oders\" does not exist",
    ),
    // pydantic
    (
        "Traceback (most recent call last):\n  File \"/srv/load.py\", line 5, in <module>\n    Order(price=\"abc\")\npydantic_core._pydantic_core.ValidationError: 1 validation error for Order\nprice\n  Input should be a valid number, unable to parse string as a number [type=float_parsing, input_value='abc', input_type=str]\n    For further information visit https://errors.pydantic.dev/2.11/v/float_parsing\n",
        "Input should be a valid number, unable to parse string as a number [type=float_parsing, input_value='abc', input_type=str]",
    ),
    // py-group
    (
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/t.py\", line 1, in <module>\n  |     raise ExceptionGroup(\"several\", [ValueError(\"no disk\")])\n  | ExceptionGroup: several (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: no disk\n    +------------------------------------\n",
        "ValueError: no disk",
    ),
    // py-chain
    (
        "Traceback (most recent call last):\n  File \"/t.py\", line 2, in <module>\n    d[\"name\"]\n    ~^^^^^^^^\nKeyError: 'name'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/t.py\", line 4, in <module>\n    raise RuntimeError(\"loading customers failed\") from e\nRuntimeError: loading customers failed\n",
        "RuntimeError: loading customers failed: KeyError: 'name'",
    ),
    // py-note
    (
        "Traceback (most recent call last):\n  File \"/t.py\", line 2, in <module>\n    load()\nValueError: no such column: price\nwhile reading orders.csv\n",
        "ValueError: no such column: price",
    ),
    // pip
    (
        "ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)\nERROR: No matching distribution found for nosuch\n\n[notice] A new release of pip is available: 24.0 -> 25.1\n[notice] To update, run: pip install --upgrade pip\n",
        "No matching distribution found for nosuch",
    ),
    // java-supp
    (
        "Exception in thread \"main\" java.lang.IllegalStateException: no disk\n\tat A.main(A.java:4)\n\tSuppressed: java.io.IOException: close failed\n\t\tat A.close(A.java:9)\n\t\t... 1 more\n",
        "Exception in thread \"main\" java.lang.IllegalStateException: no disk",
    ),
    // gradle
    (
        "\nFAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task ':load'.\n> java.sql.SQLException: no such role\n\n* Try:\n> Run with --stacktrace option to get the stack trace.\n> Run with --info or --debug option to get more log output.\n> Run with --scan to get full insights.\n> Get more help at https://help.gradle.org.\n\nBUILD FAILED in 1s\n",
        "java.sql.SQLException: no such role",
    ),
    // cargo-nosuch
    (
        "    Updating crates.io index\nerror: no matching package named `nosuch` found\nlocation searched: crates.io index\nrequired by package `a v0.1.0 (/tmp/a)`\n",
        "no matching package named `nosuch` found",
    ),
    // tar-gone
    (
        "tar (child): x.tgz: Cannot open: No such file or directory\ntar (child): Error is not recoverable: exiting now\ntar: Child returned status 2\ntar: Error is not recoverable: exiting now\n",
        "tar (child): x.tgz: Cannot open: No such file or directory",
    ),
    // tar-eof
    (
        "\ngzip: stdin: unexpected end of file\ntar: Unexpected EOF in archive\ntar: Unexpected EOF in archive\ntar: Error is not recoverable: exiting now\n",
        "tar: Unexpected EOF in archive",
    ),
    // scp
    (
        "ssh: connect to host backup-1 port 22: Connection refused\r\nscp: Connection closed\r\n",
        "ssh: connect to host backup-1 port 22: Connection refused",
    ),
    // sftp
    (
        "ssh: connect to host backup-1 port 22: No route to host\nConnection closed.  \nConnection closed\n",
        "ssh: connect to host backup-1 port 22: No route to host",
    ),
    // git-key
    (
        "git@git.example.com: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
        "git@git.example.com: Permission denied (publickey).",
    ),
    // git-merge
    (
        "error: Your local changes to the following files would be overwritten by merge:\n\torders.sql\nPlease commit your changes or stash them before you merge.\nAborting\n",
        "Your local changes to the following files would be overwritten by merge: orders.sql",
    ),
    // docker-pull
    (
        "Unable to find image 'nosuch:latest' locally\ndocker: Error response from daemon: pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\n\nRun 'docker run --help' for more information\n",
        "docker: Error response from daemon: pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ),
    // dbt
    (
        "13:00:00  Running with dbt=1.8.0\n13:00:01  Completed with 1 error and 0 warnings:\n13:00:01  \n13:00:01    Database Error in model orders (models/orders.sql)\n  relation \"raw.orders\" does not exist\n  LINE 5: from raw.orders\n               ^\n  compiled code at target/run/shop/models/orders.sql\n13:00:01  \n13:00:01  Done. PASS=0 WARN=0 ERROR=1 SKIP=0 TOTAL=1\n",
        "relation \"raw.orders\" does not exist",
    ),
    // terraform
    (
        "╷\n│ Error: Invalid reference\n│ \n│   on main.tf line 2, in resource \"null_resource\" \"x\":\n│    2:   y = foo\n│ \n│ A reference to a resource type must be followed by at least one attribute\n│ access, specifying the resource name.\n╵\n",
        "Invalid reference",
    ),
    // terraform-lock
    (
        "╷\n│ Error: Error acquiring the state lock\n│ \n│ Error message: ConditionalCheckFailedException: The conditional request\n│ failed\n│ Lock Info:\n│   ID:        1b2c3d4e\n│   Path:      state/terraform.tfstate\n│   Who:       ci@runner\n│ \n│ \n│ Terraform acquires a state lock to protect the state from being written\n│ by multiple users at the same time. Please resolve the issue above and try\n│ again. For most commands, you can disable locking with the \"-lock=false\"\n│ flag, but this is not recommended.\n╵\n",
        "Error message: ConditionalCheckFailedException: The conditional request",
    ),
    // node-module
    (
        "node:internal/modules/cjs/loader:1080\n  throw err;\n  ^\n\nError: Cannot find module 'express'\nRequire stack:\n- /srv/app.js\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)\n    at node:internal/main/run_main_module:23:47 {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/srv/app.js' ]\n}\n\nNode.js v18.19.0\n",
        "Cannot find module 'express'",
    ),
    // node-refused
    (
        "node:events:497\n      throw er; // Unhandled 'error' event\n      ^\n\nError: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)\nEmitted 'error' event on Socket instance at:\n    at emitErrorNT (node:internal/process/next_tick:90:21) {\n  errno: -111,\n  code: 'ECONNREFUSED',\n  syscall: 'connect',\n  address: '127.0.0.1',\n  port: 5432\n}\n\nNode.js v18.19.0\n",
        "connect ECONNREFUSED 127.0.0.1:5432",
    ),
    // npm-enoent
    (
        "npm error code ENOENT\nnpm error syscall open\nnpm error path /x/package.json\nnpm error errno -2\nnpm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/x/package.json'\nnpm error enoent This is related to npm not being able to find a file.\nnpm error enoent\nnpm error A complete log of this run can be found in: /root/.npm/_logs/2026.log\n",
        "enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/x/package.json'",
    ),
    // npm-missing
    (
        "npm error Missing script: \"load\"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\nnpm error A complete log of this run can be found in: /root/.npm/_logs/2026.log\n",
        "Missing script: \"load\"",
    ),
    // yarn
    (
        "error Command \"load\" not found.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.\n",
        "error Command \"load\" not found.",
    ),
    // go-nil
    (
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47e0a4]\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:5 +0x4\nexit status 2\n",
        "panic: runtime error: invalid memory address or nil pointer dereference",
    ),
    // restic-none
    (
        "Fatal: unable to open config file: Stat: stat /srv/restic/config: no such file or directory\nIs there a repository at the following location?\n/srv/restic\n",
        "Fatal: unable to open config file: Stat: stat /srv/restic/config: no such file or directory",
    ),
    // restic-lock
    (
        "repo already locked, waiting up to 0s for the lock\nunable to create lock in backend: repository is already locked by PID 123 on worker-3 by root (UID 0, GID 0)\nlock was created at 2026-11-22 12:00:00 (1h0m0s ago)\nstorage ID 1a2b3c4d\nthe `unlock` command can be used to remove stale locks\n",
        "unable to create lock in backend: repository is already locked by PID 123 on worker-3 by root (UID 0, GID 0)",
    ),
    // borg-trace
    (
        "Local Exception\nTraceback (most recent call last):\n  File \"borg/archiver.py\", line 5213, in main\n    exit_code = archiver.run(args)\nOSError: [Errno 28] No space left on device\n\nPlatform: Linux worker-3 6.1.0 x86_64\nLinux: debian 12\nBorg: 1.2.4  Python: CPython 3.11.2 msgpack: 1.0.3 fuse: None [pyfuse3,llfuse]\nPID: 4242  CWD: /\nsys.argv: ['borg', 'create', '::x']\nSSH_ORIGINAL_COMMAND: None\n",
        "OSError: [Errno 28] No space left on device",
    ),
    // gcc
    (
        "main.c: In function 'main':\nmain.c:2:5: error: 'x' undeclared (first use in this function)\n    2 |     x = 1;\n      |     ^\nmain.c:2:5: note: each undeclared identifier is reported only once for each function it appears in\nmake: *** [Makefile:2: main] Error 1\n",
        "main.c:2:5: error: 'x' undeclared (first use in this function)",
    ),
    // ld
    (
        "/usr/bin/ld: /tmp/cc.o: in function `main':\nmain.c:(.text+0x5): undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n",
        "main.c:(.text+0x5): undefined reference to `foo'",
    ),
    // make-j
    (
        "cp: cannot stat 'x': No such file or directory\nmake: *** [Makefile:2: all] Error 1\nmake: *** Waiting for unfinished jobs....\n",
        "cp: cannot stat 'x': No such file or directory",
    ),
    // make-sub
    (
        "cp: cannot stat 'x': No such file or directory\nmake[1]: *** [Makefile:2: all] Error 1\nmake[1]: Leaving directory '/srv/sub'\nmake: *** [Makefile:3: sub] Error 2\n",
        "cp: cannot stat 'x': No such file or directory",
    ),
    // perl-mod
    (
        "Can't locate DBD/Pg.pm in @INC (you may need to install the DBD::Pg module) (@INC entries checked: /etc/perl) at load.pl line 1.\nBEGIN failed--compilation aborted at load.pl line 1.\n",
        "Can't locate DBD/Pg.pm in @INC (you may need to install the DBD::Pg module) (@INC entries checked: /etc/perl) at load.pl line 1.",
    ),
    // r-calls
    (
        "Error in f() : no disk\nCalls: g -> f\nExecution halted\n",
        "Error in f() : no disk",
    ),
    // r-file
    (
        "Error in file(file, \"rt\") : cannot open the connection\nCalls: read.csv -> read.table -> file\nIn addition: Warning message:\nIn file(file, \"rt\") :\n  cannot open file 'orders.csv': No such file or directory\nExecution halted\n",
        "cannot open file 'orders.csv': No such file or directory",
    ),
    // julia
    (
        "ERROR: LoadError: SystemError: opening file \"orders.csv\": No such file or directory\nStacktrace:\n [1] systemerror(p::String, errno::Int32; extrainfo::Nothing)\n   @ Base ./error.jl:176\n [2] top-level scope\n   @ /srv/load.jl:1\nin expression starting at /srv/load.jl:1\n",
        "LoadError: SystemError: opening file \"orders.csv\": No such file or directory",
    ),
    // rake
    (
        "rake aborted!\nErrno::ECONNREFUSED: Connection refused - connect(2) for \"localhost\" port 5432\n/srv/Rakefile:3:in `block in <top (required)>'\nTasks: TOP => load\n(See full trace by running task with --trace)\n",
        "Errno::ECONNREFUSED: Connection refused - connect(2) for \"localhost\" port 5432",
    ),
    // dotnet
    (
        "Unhandled exception. System.InvalidOperationException: loading orders\n ---> System.IO.IOException: No space left on device : '/data/x'\n   at Load.Write() in /src/Program.cs:line 9\n   --- End of inner exception stack trace ---\n   at Program.Main() in /src/Program.cs:line 3\n",
        "System.IO.IOException: No space left on device : '/data/x'",
    ),
    // dpkg
    (
        "dpkg: error processing archive x.deb (--install):\n cannot access archive 'x.deb': No such file or directory\nErrors were encountered while processing:\n x.deb\n",
        "cannot access archive 'x.deb': No such file or directory",
    ),
    // systemctl
    (
        "Job for etl.service failed because the control process exited with error code.\nSee \"systemctl status etl.service\" and \"journalctl -xeu etl.service\" for details.\n",
        "Job for etl.service failed because the control process exited with error code.",
    ),
    // sqlite3
    (
        "Parse error near line 1: no such table: oders\n  select * from oders;\n                ^--- error here\n",
        "Parse error near line 1: no such table: oders",
    ),
    // duckdb
    (
        "Catalog Error: Table with name oders does not exist!\nDid you mean \"orders\"?\n\nLINE 1: select * from oders\n                      ^\n",
        "Catalog Error: Table with name oders does not exist!",
    ),
    // cmake
    (
        "CMake Error at CMakeLists.txt:3 (find_package):\n  Could not find a package configuration file provided by \"Foo\"\n\n-- Configuring incomplete, errors occurred!\n",
        "Could not find a package configuration file provided by \"Foo\"",
    ),
    // json-pretty
    (
        "{\n  \"error\": {\n    \"code\": 403,\n    \"message\": \"The caller does not have permission\",\n    \"status\": \"PERMISSION_DENIED\"\n  }\n}\n",
        "\"message\": \"The caller does not have permission\"",
    ),
    // clickhouse
    (
        "Received exception from server (version 24.8.1):\nCode: 241. DB::Exception: Received from db:9000. DB::Exception: Memory limit (total) exceeded: would use 9.32 GiB. (MEMORY_LIMIT_EXCEEDED)\n(query: INSERT INTO orders SELECT * FROM raw)\n",
        "Code: 241. DB::Exception: Received from db:9000. DB::Exception: Memory limit (total) exceeded: would use 9.32 GiB. (MEMORY_LIMIT_EXCEEDED)",
    ),
    // Python's subprocess: the lines of the program that it shows are none of the error
    (
        "Traceback (most recent call last):\n  File \"/t.py\", line 1, in <module>\n    subprocess.run([\"false\"], check=True)\n  File \"/usr/lib/python3.11/subprocess.py\", line 571, in run\n    raise CalledProcessError(retcode, process.args,\nsubprocess.CalledProcessError: Command '['false']' returned non-zero exit status 1.\n",
        "subprocess.CalledProcessError: Command '['false']' returned non-zero exit status 1.",
    ),
    (
        "Traceback (most recent call last):\n  File \"/t.py\", line 1, in <module>\n    raise Exception(\"a\") if failed else StopIteration\nStopIteration: 3\n",
        "StopIteration: 3",
    ),
    // Python that has no file to show lines of
    (
        "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nModuleNotFoundError: No module named 'nosuch'\n",
        "ModuleNotFoundError: No module named 'nosuch'",
    ),
    (
        "  + Exception Group Traceback (most recent call last):\n  |   File \"<string>\", line 5, in <module>\n  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"<string>\", line 2, in a\n    | ValueError: in a\n    +------------------------------------\n",
        "ValueError: in a",
    ),
    // Python's unittest
    (
        "F\n======================================================================\nFAIL: test_x (__main__.T.test_x)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/t.py\", line 3, in test_x\n    self.assertEqual(1, 2)\nAssertionError: 1 != 2\n\n----------------------------------------------------------------------\nRan 1 test in 0.000s\n\nFAILED (failures=1)\n",
        "AssertionError: 1 != 2",
    ),
    // Node.js: what is no error, and a cause
    (
        "[eval]:1\nthrow \"just text\"\n^\njust text\n(Use `node --trace-uncaught ...` to show where the exception was thrown)\n\nNode.js v18.19.0\n",
        "just text",
    ),
    (
        "[eval]:1\nthrow new Error(\"outer\", {cause: new Error(\"no disk\")})\n^\n\nError: outer\n    at [eval]:1:7\n    at node:internal/main/eval_string:24:3 {\n  [cause]: Error: no disk\n      at [eval]:1:31\n}\n\nNode.js v18.19.0\n",
        "no disk",
    ),
    // rclone: its last line is a notice
    (
        "2026/11/29 03:00:04 NOTICE: Failed to sync with 3 errors: last error was: directory not found\n",
        "2026/11/29 03:00:04 NOTICE: Failed to sync with 3 errors: last error was: directory not found",
    ),
    // pg_dump that lost its server
    (
        "pg_dump: error: Dumping the contents of table \"orders\" failed: PQgetResult() failed.\npg_dump: detail: Error message from server: server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\npg_dump: detail: Command was: COPY public.orders (id, price) TO stdout;\n",
        "pg_dump: detail: Error message from server: server closed the connection unexpectedly",
    ),
    // Maven
    (
        "[ERROR] Failed to execute goal org.codehaus.mojo:exec-maven-plugin:3.1.0:java (default-cli) on project load: An exception occurred while executing the Java class. no such role: etl -> [Help 1]\n[ERROR] \n[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.\n[ERROR] Re-run Maven using the -X switch to enable full debug logging.\n[ERROR] \n[ERROR] For more information about the errors and possible solutions, please read the following articles:\n[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/MojoExecutionException\n",
        "[ERROR] Failed to execute goal org.codehaus.mojo:exec-maven-plugin:3.1.0:java (default-cli) on project load: An exception occurred while executing the Java class. no such role: etl -> [Help 1]",
    ),
    // an AggregateError of Node.js
    (
        "node:internal/process/promises:288\n            triggerUncaughtException(err, true /* fromPromise */);\n            ^\n\nAggregateError [ECONNREFUSED]: \n    at internalConnectMultiple (node:net:1117:18)\n    at afterConnectMultiple (node:net:1684:7) {\n  code: 'ECONNREFUSED',\n  [errors]: [\n    Error: connect ECONNREFUSED ::1:5432\n        at createConnectionError (node:net:1647:14) {\n      errno: -111,\n      code: 'ECONNREFUSED',\n      syscall: 'connect',\n      address: '::1',\n      port: 5432\n    },\n    Error: connect ECONNREFUSED 127.0.0.1:5432\n        at createConnectionError (node:net:1647:14) {\n      errno: -111,\n      code: 'ECONNREFUSED'\n    }\n  ]\n}\n\nNode.js v20.10.0\n",
        "connect ECONNREFUSED ::1:5432",
    ),
    // ffmpeg
    (
        "[libx264 @ 0x5] broken ffmpeg default settings detected\n[libx264 @ 0x5] use an encoding preset (e.g. -vpre medium)\nError initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height\nConversion failed!\n",
        "Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect parameters such as bit_rate, rate, width or height",
    ),
    // SQL*Plus
    (
        "ERROR:\nORA-12541: TNS:no listener\n\n\nSP2-0306: Invalid option.\nUsage: CONN[ECT] [{logon|/|proxy} [AS {SYSDBA|SYSOPER|SYSASM|SYSBACKUP|SYSDG|SYSKM|SYSRAC}] [edition=value]]\nSP2-0157: unable to CONNECT to ORACLE after 3 attempts, exiting SQL*Plus\n",
        "ORA-12541: TNS:no listener",
    ),
    // snowsql
    (
        "250001 (08001): None: Failed to connect to DB: x.snowflakecomputing.com:443. Incorrect username or password was specified.\nIf the error message is unclear, enable logging using -o log_level=DEBUG and see the log to find out the cause. Contact support for further help.\n",
        "250001 (08001): None: Failed to connect to DB: x.snowflakecomputing.com:443. Incorrect username or password was specified.",
    ),
    // Python, where the effect quotes its cause
    (
        "Traceback (most recent call last):\n  File \"/x.py\", line 198, in f\n    connect()\nConnectionRefusedError: [Errno 111] Connection refused\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/x.py\", line 589, in g\n    f()\nMaxRetryError: no answer (Caused by NewConnectionError('[Errno 111] Connection refused'))\n",
        "MaxRetryError: no answer (Caused by NewConnectionError('[Errno 111] Connection refused'))",
    ),
];

#[test]
fn of_what_a_program_wrote_the_line_is_shown_that_names_the_fault() {
    let seen = |(text, wanted): &(&'static str, &'static str)| {
        let line = headline(&format!("exited with code 7\n\n{text}"), 300);
        let wanted = format!("exited with code 7: {wanted}");
        (line != wanted).then_some((line, wanted))
    };
    let wrong: Vec<_> = PROGRAMS.iter().filter_map(seen).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Counts and passing remarks name no fault: the last line stays.
#[test]
fn where_no_line_names_a_fault_the_last_is_shown() {
    for (text, wanted) in [
        (
            "reading orders\nrows differ: 9 != 10",
            "rows differ: 9 != 10",
        ),
        ("0 error, no failure, ERROR=0\nrows differ", "rows differ"),
        ("WARNING: no such option: x\nrows differ", "rows differ"),
        ("please wait\nrows differ", "rows differ"),
        ("please wait", "please wait"),
        ("Is it on?", "Is it on?"),
        ("+ false", "+ false"),
        (
            "error: 2 of 3 written\nmkdir: cannot create directory 'x': Permission denied",
            "mkdir: cannot create directory 'x': Permission denied",
        ),
        ("Aborting\nexiting", "Aborting"),
        ("rows differ\nGiving up after 3 tries", "rows differ"),
        (
            "no such role\nExiting: the disk cannot be read",
            "Exiting: the disk cannot be read",
        ),
        ("WARNING: rows differ", "WARNING: rows differ"),
    ] {
        let line = headline(&format!("exited with code 7\n\n{text}"), 300);
        assert_eq!(line, format!("exited with code 7: {wanted}"), "{text}");
    }
}
