# SPDX-License-Identifier: GPL-2.0-only
# Build rules of traces/: the canned queries are embedded in the binary. Included by the Makefile.
define EMBED
$(BUILD)/gen/$(1).inc: traces/events.def $(sort $(wildcard traces/$(1)/*.sql traces/$(1)/*.part)) traces/queries.awk traces/$(1) traces/traces.mk
	@mkdir -p $$(@D)
	@echo "  GEN     $$@"
	@LC_ALL=C awk -f traces/queries.awk traces/events.def $(sort $(wildcard traces/$(1)/*.sql)) >$$@

$(BUILD)/host/traces/queries.o: $(BUILD)/gen/$(1).inc
endef
$(foreach dir,queries exports report,$(eval $(call EMBED,$(dir))))

# Databases with nothing but the schema in them are made here and embedded, too.
MAKE_TEMPLATES := $(addprefix $(BUILD)/host/traces/,schema.o schema_fixed.o catalogue.o rollup.o words.o sql.o queries.o template/make.o)
$(BUILD)/gen/make-templates: $(MAKE_TEMPLATES)
	@$(CC) $(HOST_FLAGS) -o $@ $^ $(shell pkg-config --libs sqlite3)

$(BUILD)/gen/trace.template: $(BUILD)/gen/make-templates
	@echo "  GEN     $@"
	@$< $@ $(@D)/slice.template

$(BUILD)/host/traces/template.o: $(BUILD)/gen/trace.template
$(BUILD)/host/traces/template.o: HOST_FLAGS += -DTEMPLATES='"$(abspath $(BUILD)/gen)"'

# The recorder's benchmark; tests/bench/trace runs it.
TRACE_OBJ := $(patsubst %.c,$(BUILD)/host/%.o,$(wildcard traces/*.c traces/ext/*.c))
$(BUILD)/bench/trace_ingest: tests/bench/trace_ingest.c $(TRACE_OBJ)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(HOST_FLAGS) -I. -o $@ $< $(TRACE_OBJ) $(shell pkg-config --libs sqlite3 capstone libdw libelf libzstd) -lpthread -lm

# The functions of docs/extension.md, as an extension that sqlite3 and Python load; in tarry they are built in.
EXT_SRC := $(wildcard traces/ext/*.c) traces/access_decode.c
$(BUILD)/tarry.so: $(EXT_SRC) traces/ext/ext.h traces/access.h traces/access_predict.h
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) -DTARRY_LOADABLE -fPIC -fvisibility=hidden -shared -o $@ $(EXT_SRC) \
	    $(shell pkg-config --libs capstone libzstd) -lm
