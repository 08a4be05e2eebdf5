"""Second bodies: functions written once more for the classes that their variables mostly have."""
