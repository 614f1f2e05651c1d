-- Every row of the agenda stood in an index that only the question asked for which row comes first of all.
-- The owners' own queues and the suspects tell that, too; each append and each lease writes one entry less.
DROP INDEX agenda_ready;
