import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** The command line. Json.java beside it reads and writes JSON, for when the tasks are kept in a file. */
public final class Main {
    public static void main(String[] args) {
        // Otherwise Java prints in whatever encoding the machine is set to.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));

        String command = args.length > 0 ? args[0] : "";
        List<String> rest = Stream.of(args).skip(1).toList();
        switch (command) {
            case "add" -> add(rest);
            // The other commands go here: update, delete, mark-in-progress, mark-done, list.
            default -> System.out.println("Not built yet: " + command);
        }
    }

    private static void add(List<String> args) {
        String description = args.isEmpty() ? "" : args.get(0);
        System.out.println("Not built yet: adding \"" + description + "\"");
    }
}
