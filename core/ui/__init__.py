"""What the pages are made of: the only rooms of core that import streamlit."""
