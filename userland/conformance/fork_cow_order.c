#include "test.h"
TEST("fork: copy on write whoever writes first, over several generations")
{
	enum { PAGES = 64 };
	char *p = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < PAGES; i++)
		p[i * 4096] = 'o';
	struct gate go = new_gate(), went = new_gate();
	pid_t child;
	SPAWN(child, {
		/* The child writes the even pages first, the parent the odd ones. */
		for (int i = 0; i < PAGES; i += 2)
			p[i * 4096] = 'c';
		pass_gate(went);
		wait_gate(go);
		int seen = 0;
		for (int i = 1; i < PAGES; i += 2)
			seen += p[i * 4096] == 'o';
		is(seen, PAGES / 2);
		CHILD({
			for (int i = 0; i < PAGES; i++)
				p[i * 4096] = 'g';
		});
		is(p[0], 'c');
		is(p[4096], 'o');
	});
	wait_gate(went);
	for (int i = 1; i < PAGES; i += 2)
		p[i * 4096] = 'p';
	pass_gate(go);
	ends(child, "exit 0");
	int kept = 0;
	for (int i = 0; i < PAGES; i++)
		kept += p[i * 4096] == (i % 2 ? 'p' : 'o');
	is(kept, PAGES);
	/* After the child is gone the parent owns its pages again and may write on. */
	memset(p, 'z', PAGES * 4096);
	is(p[PAGES * 4096 - 1], 'z');
	/* The kernel's own write (read(2) into a copied page) copies as well. */
	int zero = (int)need(open("/dev/zero", O_RDONLY));
	CHILD({
		is(read(zero, p, 4096), 4096);
		is(p[0], 0);
	});
	is(p[0], 'z');
}
