import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Keeps a to-do list in the current directory. */
public final class Main {
    private static final String USAGE = """
            Usage: task-cli add <description>
                   task-cli update <id> <description>
                   task-cli delete <id>
                   task-cli mark-in-progress <id>
                   task-cli mark-done <id>
                   task-cli list [todo|in-progress|done]""";

    public static void main(String[] args) {
        // System.out prints in the encoding that the machine is set to.
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        var err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        try {
            out.println(run(List.of(args)));
        } catch (Refusal refusal) {
            err.println(refusal.getMessage());
            System.exit(1);
        }
    }

    /** Does what the arguments ask for, and returns what to print. */
    private static String run(List<String> args) {
        if (args.isEmpty()) {
            throw new Refusal(USAGE);
        }
        String command = args.get(0);
        args = args.subList(1, args.size());
        return switch (command) {
            case "add" -> add(exactly(1, args).get(0));
            case "update" -> update(exactly(2, args).get(0), args.get(1));
            case "delete" -> delete(exactly(1, args).get(0));
            case "mark-in-progress" -> mark(exactly(1, args).get(0), Status.IN_PROGRESS);
            case "mark-done" -> mark(exactly(1, args).get(0), Status.DONE);
            case "list" -> list(args.isEmpty() ? EnumSet.allOf(Status.class) : statuses(exactly(1, args).get(0)));
            default -> throw new Refusal("There is no command \"" + command + "\".\n" + USAGE);
        };
    }

    private static String add(String description) {
        expectText(description);
        return TaskFile.change(tasks -> {
            // One more than the highest, not than the number of tasks: after a delete that one may still be in use.
            long id = tasks.stream().mapToLong(Task::id).max().orElse(0) + 1;
            tasks.add(Task.begun(id, description));
            return "Task added successfully (ID: " + id + ")";
        });
    }

    private static String update(String id, String description) {
        expectText(description);
        changeOne(id, task -> task.described(description));
        return "Task updated successfully (ID: " + id + ")";
    }

    private static String mark(String id, Status status) {
        changeOne(id, task -> task.marked(status));
        return "Task marked as " + status + " (ID: " + id + ")";
    }

    private static String delete(String id) {
        return TaskFile.change(tasks -> {
            tasks.remove(find(tasks, id));
            return "Task deleted successfully (ID: " + id + ")";
        });
    }

    private static String list(Set<Status> shown) {
        // Without a lock: the file is replaced as a whole, so a reader always gets a consistent list.
        String lines = TaskFile.read().stream()
                .filter(task -> shown.contains(task.status()))
                .map(task -> String.format("%d  %-11s  %s", task.id(), task.status(), task.description()))
                .collect(Collectors.joining("\n"));
        return lines.isEmpty() ? "No tasks" : lines;
    }

    private static void changeOne(String id, UnaryOperator<Task> edit) {
        TaskFile.change(tasks -> {
            int i = find(tasks, id);
            return tasks.set(i, edit.apply(tasks.get(i)));
        });
    }

    /** The position of a task. Compares as text, because parseLong would also take "+1" and "01" for 1. */
    private static int find(List<Task> tasks, String id) {
        for (int i = 0; i < tasks.size(); i++) {
            if (Long.toString(tasks.get(i).id()).equals(id)) {
                return i;
            }
        }
        throw new Refusal("There is no task with the ID \"" + id + "\".");
    }

    private static List<String> exactly(int count, List<String> args) {
        if (args.size() != count) {
            throw new Refusal("Expected " + count + " argument(s) after the command, not " + args.size()
                    + "; a text with spaces goes in quotes.\n" + USAGE);
        }
        return args;
    }

    private static Set<Status> statuses(String text) {
        return Set.of(Status.of(text)
                .orElseThrow(() -> new Refusal("There is no status \"" + text + "\".\n" + USAGE)));
    }

    private static void expectText(String description) {
        if (description.isBlank()) {
            throw new Refusal("A task needs a description.");
        }
        // Java decodes the arguments by the locale, before anybody can tell it how.
        if (!"UTF-8".equals(System.getProperty("sun.jnu.encoding")) && description.chars().anyMatch(c -> c > 127)) {
            throw new Refusal("The description did not arrive as it was typed: set the locale (LC_ALL) to UTF-8.");
        }
    }
}
