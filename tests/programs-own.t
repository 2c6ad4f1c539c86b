#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A program of one's own: docs/adding-a-program.md word for word, its C examples compiled with its command and run; and what an ordinary
# C program may use.
set -u
. "$(dirname "$0")/tap.sh"
doc=$TOP/docs/adding-a-program.md

# The n-th C block of the document; its compiler command with other names in it.
block() { awk -v n="$1" '/^```c$/ { k++; on = k == n; next } /^```$/ { on = 0 } on' "$doc"; }
command() { sed -n '/^    riscv64-unknown-elf-gcc/,/[^\\]$/p' "$doc" | sed "s|build/user|$BUILD/user|; s|-o greet greet.c|-o $work/$1 $work/$1.c|"; }
compile() { (cd "$TOP" && eval "$(command "$1")" >"$work/log" 2>&1) || { cat "$work/log"; return 1; }; }

block 1 >"$work/greet.c"
block 2 >"$work/last.c"
ok "the document's program compiles with its command" compile greet
ok "the document's program with a deferred segment compiles" compile last
cat >"$work/ordinary.c" <<'C'
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    char line[100], *words[3] = {"pear", "apple", "fig"};
    struct stat st;
    int status, c;
    while ((c = getopt(argc, argv, "n:")) != -1)
        printf("option %c %s\n", c, optarg);
    while (fgets(line, sizeof line, stdin))
        printf("%zu:%s", strlen(line), line);
    qsort(words, 3, sizeof words[0], compare);
    printf("\n%s %s %s %.3f %g %e\n", words[0], words[1], words[2], sqrt(2), strtod("1e-3", NULL), 12345.678);
    FILE *f = fopen("/new", "w+");
    fprintf(f, "%d %s", 42, "text");
    rewind(f);
    printf("%d", fscanf(f, "%d %99s", &c, line));
    printf(" %d %s\n", c, line);
    fclose(f);
    printf("%d %d %d\n", stat("/new", &st), (int)st.st_size, S_ISREG(st.st_mode));
    if (fork() == 0)
        execvp("sh", (char *[]){"sh", "-c", "exit 9", NULL});
    wait(&status);
    printf("%d %d\n", WIFEXITED(status), WEXITSTATUS(status));
    printf("%s\n", fopen("/nothing", "r") ? "?" : strerror(errno));
    char *big = calloc(1, 5000000);
    printf("%d %d %d\n", big && !big[4999999], isatty(1), clock() > 0 && time(NULL) < 100);
    DIR *d = opendir("/");
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    printf("%d\n", n >= 3);
    fprintf(stderr, "to stderr\n");
    return argc - optind + 10;
}
C
# -lm for sqrt, as the document says
command() { sed -n '/^    riscv64-unknown-elf-gcc/,/[^\\]$/p' "$doc" | sed "s|build/user|$BUILD/user|; s|-o greet greet.c|-o $work/$1 $work/$1.c|; s|-lc |-lc -lm |"; }
ok "an ordinary program compiles" compile ordinary
cd "$work" || exit 1

run "$TARRY" run -o x.db ./greet reader
is "greet runs from the host" "$status $out" "0 hello, reader"
head -c 100000 /dev/urandom >file
for io in deferred eager; do
    run "$TARRY" run -o x.db --io $io --input file:/in/file ./last /in/file
    is "the last byte, --io $io" "$status $out" "0 $(tail -c 1 file | od -An -tu1 | tr -d ' ')"
done
run "$TARRY" run -o x.db ./last
is "... misuse" "$status" 1
status=0
printf 'a line\nlast' >in
"$TARRY" run -o x.db --input in:/in/lines --input ordinary:/bin/ordinary sh -c 'ordinary -n 5 x y </in/lines' >out 2>err || status=$?
is "ordinary: exit status" "$status" 12
is "ordinary: output" "$(cat out)" "$(cat <<'END'
option n 5
7:a line
4:last
apple fig pear 1.414 0.001 1.234568e+04
2 42 text
0 7 1
1 9
No such file or directory
1 1 1
1
to stderr
END
)"
done_testing
