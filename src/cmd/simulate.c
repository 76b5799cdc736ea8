/* `sepal plan --simulate`: what is known of the units, and the table. */
#include "cmd/simulate.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "model/manifest.h"
#include "plan/key.h"
#include "sys/path.h"

int simulation_list_parse(const char *const *texts, struct simulation_list *ret, struct err *err)
{
	uint32_t count = 0;
	while (texts[count])
		count++;
	*ret = (struct simulation_list){ xcalloc(count + 1, sizeof *ret->items), count };
	for (uint32_t i = 0; i < count; i++)
		if (simulation_parse(texts[i], &ret->items[i], err)) {
			simulation_list_release(ret);
			return -1;
		}
	return 0;
}

void simulation_list_release(struct simulation_list *list)
{
	free(list->items);
	*list = (struct simulation_list){ 0 };
}

/* ---- what is known of the units ---- */

struct known {
	struct simulated_unit *units;
	uint32_t timed, sized; /* units with measured times, and with interfaces of a known size */
	uint64_t checking_us;
};

/* The size of the unit's interfaces in the last result that the store has for the unit as it is now; 0: it has none. */
static int stored_size(struct pipeline *p, uint32_t unit, uint64_t *ret, struct err *err)
{
	struct arena scratch = ARENA_INIT;
	struct buf record = BUF_INIT;
	struct manifest m;
	struct result r;
	struct digest key;
	bool found;
	*ret = 0;
	key_manifest(&p->plan, unit, p->described.options, &p->toolchain, &key);
	int failed = store_lookup(p->store, STORE_MANIFESTS, &key, &record, &found, err);
	if (!failed && found && manifest_decode(buf_span(&record), &scratch, &m) && m.entry_count &&
	    result_decode(m.entries[0].result, &scratch, &r))
		for (uint32_t i = 0; i < r.member_count; i++)
			*ret += r.members[i].interface.data_size;
	buf_release(&record);
	arena_release(&scratch);
	return failed;
}

/* Interfaces of unknown size are as large, against their sources, as all the known ones; or as large as these. */
static int find_sizes(struct pipeline *p, struct known *k, struct err *err)
{
	uint64_t sources = 0, interfaces = 0;
	for (uint32_t u = 0; u < p->plan.unit_count; u++) {
		const struct plan_unit *unit = &p->plan.units[u];
		struct simulated_unit *to = &k->units[u];
		for (uint32_t i = 0; i < unit->member_count; i++)
			to->source_bytes += p->plan.modules[unit->members[i]].size;
		if (stored_size(p, u, &to->interface_bytes, err))
			return -1;
		if (!to->interface_bytes)
			continue;
		k->sized++;
		sources += to->source_bytes;
		interfaces += to->interface_bytes;
	}
	double factor = sources ? (double)interfaces / (double)sources : 1;
	for (uint32_t u = 0; u < p->plan.unit_count; u++)
		if (!k->units[u].interface_bytes)
			k->units[u].interface_bytes = (uint64_t)((double)k->units[u].source_bytes * factor);
	return 0;
}

static void find_times(struct pipeline *p, struct known *k)
{
	struct weights *w = weights_open(path_join(&p->arena, p->state_dir, "weights"));
	struct unit_time *times = ARENA_ARRAY(&p->arena, struct unit_time, p->plan.unit_count + 1);
	k->timed = weights_times(w, &p->plan, times);
	weights_apply(w, &p->plan);
	for (uint32_t u = 0; u < p->plan.unit_count; u++) {
		k->units[u].interface_us = times[u].interface_us;
		k->units[u].bodies_us = times[u].bodies_us;
		k->checking_us += times[u].interface_us + times[u].bodies_us;
	}
	weights_free(w);
}

/* ---- the table ---- */

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static double megabytes(uint64_t bytes)
{
	return (double)bytes / 1e6;
}

static void print_conditions(const struct simulation *s, FILE *to)
{
	if (s->remote)
		fprintf(to, "%.10g ms a batch, %.10g MB/s", (double)s->latency_us / 1e3, (double)s->bytes_per_second / 1e6);
	else
		fputs("on one machine", to);
}

static void print_row(const struct pipeline *p, const struct known *k, const struct simulation *s, FILE *to)
{
	struct simulation alone = *s;
	struct simulated answer, base;
	alone.workers = 1;
	simulate(&p->plan, k->units, s, &answer);
	simulate(&p->plan, k->units, &alone, &base);
	double spent = (double)answer.makespan_us * s->workers;
	fprintf(to, "%7u  %10.3f  %8.2f  %11.1f  %7u  %10.1f  %10.1f  ", s->workers, seconds(answer.makespan_us),
	        answer.makespan_us ? (double)base.makespan_us / (double)answer.makespan_us : 1.0,
	        spent > 0 ? 100 * (double)answer.checking_us / spent : 0.0, answer.batches, megabytes(answer.fetched),
	        megabytes(answer.sent));
	print_conditions(s, to);
	fputc('\n', to);
}

static void print_unit(const struct plan *p, uint32_t unit, FILE *to)
{
	fputs(p->units[unit].name, to);
	if (p->units[unit].member_count > 1)
		fprintf(to, " (a cycle of %u)", p->units[unit].member_count);
	fputc('\n', to);
}

static void print_path(const struct pipeline *p, const struct known *k, const struct simulation *s, FILE *to)
{
	struct arena scratch = ARENA_INIT;
	struct simulated_path path;
	uint64_t at = 0;
	simulate_path(&p->plan, k->units, s, &scratch, &path);
	fputs("\ncritical path, ", to);
	print_conditions(s, to);
	fprintf(to, ": %.3f s, %u units", seconds(path.length_us), path.count);
	fprintf(to, " (%.3f s if dependents waited for bodies too)\n", seconds(path.whole_us));
	fputs("  start s  interface s  overhead s  unit\n", to);
	for (uint32_t i = 0; i < path.count; i++) {
		const struct simulated_unit *u = &k->units[path.units[i]];
		uint64_t overhead = s->latency_us + simulated_transfer(s, u->source_bytes) +
		                    simulated_transfer(s, u->interface_bytes);
		fprintf(to, "%9.3f  %11.3f  %10.3f  ", seconds(at), seconds(u->interface_us), seconds(overhead));
		print_unit(&p->plan, path.units[i], to);
		at += u->interface_us + overhead;
	}
	if (path.count)
		fprintf(to, "%9.3f  bodies of the last: %.3f s\n", seconds(at), seconds(path.length_us - at));
	arena_release(&scratch);
}

/* The critical path does not depend on the number of workers: one for each of the other conditions. */
static bool is_first_with_its_path(const struct simulation_list *list, uint32_t at)
{
	const struct simulation *s = &list->items[at];
	for (uint32_t i = 0; i < at; i++) {
		const struct simulation *before = &list->items[i];
		if (before->remote == s->remote && before->latency_us == s->latency_us &&
		    before->bytes_per_second == s->bytes_per_second)
			return false;
	}
	return true;
}

int simulation_list_print(struct pipeline *p, const struct simulation_list *list, FILE *to, struct err *err)
{
	uint32_t units = p->plan.unit_count;
	struct known k = { .units = ARENA_ARRAY(&p->arena, struct simulated_unit, units + 1) };
	find_times(p, &k);
	if (find_sizes(p, &k, err))
		return -1;
	fprintf(to, "%u modules in %u units, %.3f s of checking\n", p->plan.module_count, units, seconds(k.checking_us));
	fprintf(to, "measured: times of %u units, sizes of the interfaces of %u; ", k.timed, k.sized);
	fputs("the others by the size of their source\n\n", to);
	fputs("workers  makespan s  speed-up  utilised %  batches  MB fetched     MB sent  conditions\n", to);
	for (uint32_t i = 0; i < list->count; i++)
		print_row(p, &k, &list->items[i], to);
	for (uint32_t i = 0; i < list->count; i++)
		if (is_first_with_its_path(list, i))
			print_path(p, &k, &list->items[i], to);
	return 0;
}
