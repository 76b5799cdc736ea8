/* `sepal plan`: units, modules and edges as JSON, or what a check of them would take. Nothing is checked. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/simulate.h"

static int plan_described(struct pipeline *p, const struct simulation_list *simulations, int *ret_exit,
                          struct err *err)
{
	struct report report = REPORT_INIT;
	struct look look;
	if (look_now(&p->described.display, &look, err) || pipeline_plan(p, err))
		return -1;
	if (p->plan.fatal) {
		report_fatal(p, &look, &report);
		fputs(buf_span(&report.text.out).data, stderr);
		fputs(buf_span(&report.text.err).data, stderr);
		*ret_exit = report.text.exit_status;
		report_release(&report);
		return 0;
	}
	if (!simulations->count)
		plan_print(&p->plan, stdout);
	else if (simulation_list_print(p, simulations, stdout, err))
		return -1;
	*ret_exit = 0;
	return pipeline_save(p, err);
}

int cmd_plan(const struct settings *s, int *ret_exit, struct err *err)
{
	struct pipeline p;
	struct simulation_list simulations;
	if (simulation_list_parse(s->simulate, &simulations, err))
		return -1;
	int failed = pipeline_open(&p, s, err) || pipeline_describe(&p, err);
	if (!failed && p.refused) {
		fputs(p.refused_out, stderr);
		fputs(p.refused_err, stderr);
		*ret_exit = p.refused_exit;
	} else if (!failed) {
		failed = plan_described(&p, &simulations, ret_exit, err);
	}
	pipeline_close(&p);
	simulation_list_release(&simulations);
	return failed ? -1 : 0;
}
